import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { Panel } from "@/shared/ui/panel";
import { PresentOnly } from "@/shared/ui/present-only";
import { Problem } from "@/shared/ui/states";
import { OwnMetricsOf } from "./documents";

const EVERY_MS = 5_000;
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

/** What the program counts and measures of its own, by its last heartbeat; nothing for one that does not. */
export function OwnMetrics({ service, instance }: { service: string; instance: string }) {
  const { data, error, again } = useQuery(OwnMetricsOf, { service, instance }, useEvery(EVERY_MS));
  const own = data?.instance?.metrics?.own ?? [];
  if (own.length === 0) return error ? <Problem error={error} onRetry={again} /> : null;
  return (
    <Panel title="Its own metrics" note="by its last heartbeat" bodyClass="p-0">
      <PresentOnly />
      {error && <Problem error={error} onRetry={again} />}
      <table aria-label="Its own metrics" className="w-full border-collapse">
        <tbody>
          {own.map(({ name, value }) => (
            <tr key={name} className="h-7 border-b last:border-b-0">
              <th scope="row" className="break-all px-3 text-left font-mono font-normal text-xs">
                {name}
              </th>
              <td className="px-3 text-right tabular-nums">{plain.format(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
