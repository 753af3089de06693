import { plural } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { Loading } from "@/shared/ui/states";
import { DrainPreview } from "./documents";

const NAMED = 5;

/** What follows from draining an instance, as it is now. */
export function DrainConsequence({ service, instance }: { service: string; instance: string }) {
  const { data } = useQuery(DrainPreview, { service, instance });
  const preview = data?.drainPreview;
  return (
    <div className="flex flex-col gap-2">
      <p>It takes no new calls, finishes those that it has, and ends. It does not come back by itself.</p>
      {!preview && <Loading what="what would move" rows={2} />}
      {preview && (
        <>
          <Groups
            count={Number(preview.groupCount)}
            groups={preview.groups}
            others={Number(preview.others)}
          />
          <p>
            {plural(Number(preview.inFlight), "call")} in flight, {String(preview.queueDepth)} waiting;{" "}
            {plural(Number(preview.others), "other instance")} of {service} running.
          </p>
          {preview.minInstances !== null && Number(preview.others) < Number(preview.minInstances) && (
            <p className="font-medium text-bad">
              The definition asks for at least {String(preview.minInstances)}: the service will have fewer.
            </p>
          )}
        </>
      )}
    </div>
  );
}

interface GroupsProps {
  /** How many there are; the first of them are named. */
  count: number;
  groups: readonly { group: string; candidates: readonly { instance: string }[] }[];
  others: number;
}

function Groups({ count, groups, others }: GroupsProps) {
  if (count === 0) return <p>It owns no group: nothing moves.</p>;
  const names = groups.slice(0, NAMED).map(({ group }) => group);
  const more = count - names.length;
  const takers = [...new Set(groups.flatMap(({ candidates }) => candidates.map(({ instance }) => instance)))];
  const to =
    takers.length > 0 ? takers.slice(0, NAMED).join(", ") : others > 0 ? "whoever runs and takes them" : null;
  return (
    <p className={to === null ? "font-medium text-bad" : undefined}>
      {plural(count, "group")} ({names.join(", ")}
      {more > 0 && ` and ${more} more`}){" "}
      {to === null ? "will have no owner: nobody else runs" : `go to ${to}`}.
    </p>
  );
}
