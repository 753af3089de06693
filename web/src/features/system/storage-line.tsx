import { bytes, count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { Problem } from "@/shared/ui/states";
import { StorageNow } from "./documents";

const EVERY_MS = 10_000;

export const days = (left: number): string => (left < 10 ? left.toFixed(1) : count(Math.round(left)));

/** What is stored in all, how it grows, and how long there is room. */
export function StorageLine() {
  const { data, error, again } = useQuery(StorageNow, {}, useEvery(EVERY_MS));
  if (!data) return error ? <Problem error={error} onRetry={again} /> : <p className="h-9" />;
  const { usedBytes, limitBytes, bytesPerDay, daysLeft } = data.storage;
  return (
    <dl className="flex min-h-9 flex-wrap items-center gap-x-6 px-4 max-xl:px-3" data-testid="storage">
      <Fact name="Stored in all">{bytes(usedBytes)}</Fact>
      <Fact name="Limit of the account">
        {limitBytes === null ? "none: what the disks hold is not known here" : bytes(limitBytes)}
      </Fact>
      <Fact name="Grows by">
        {bytesPerDay > 0 ? `${bytes(Math.round(bytesPerDay))} a day` : "nothing that stays"}
      </Fact>
      {daysLeft !== null && <Fact name="Room for">{days(daysLeft)} days</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  );
}
