import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import type { ChartSpec, Times } from "./model";

/** The same as the plot, as text; newest first. */
export function DataTable({ spec, times }: { spec: ChartSpec; times: Times }) {
  const zone = useZone((s) => s.zone);
  const lines = spec.lines.filter(({ label }) => label !== "");
  return (
    <section className="h-37 overflow-auto" tabIndex={0} aria-label={`${spec.title}, table`}>
      <table className="w-full border-collapse text-xs">
        <thead className="sticky top-0 bg-muted text-left">
          <tr>
            <th scope="col" className="px-3 py-1 font-medium">
              From
            </th>
            {lines.map(({ key, label }) => (
              <th key={key} scope="col" className="px-3 py-1 text-right font-medium">
                {label}, {spec.unit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.seconds
            .map((at, index) => ({ at, index }))
            .reverse()
            .map(({ at, index }) => (
              <tr key={at} className="border-border border-t">
                <td className="whitespace-nowrap px-3">{formatMoment(at * 1_000, zone)}</td>
                {lines.map(({ key, values }) => (
                  <td key={key} className="px-3 text-right">
                    {spec.format(values[index] ?? null)}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}
