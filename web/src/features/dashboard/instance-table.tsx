import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import type { SetUrl } from "@/shared/url/use-url-state";
import { columns, TableHead } from "./columns";
import { InstanceRow, ROW_PX } from "./instance-row";
import { NotDefined } from "./not-defined";
import type { Registry } from "./registry";
import type { Row } from "./select";
import { statusLook } from "./status";
import type { DashboardView, dashboardShape } from "./view-state";

interface Props {
  rows: readonly Row[];
  registry: Registry;
  view: DashboardView;
  set: SetUrl<typeof dashboardShape>;
  frozenAt: number | null;
}

/** Only the rows in sight exist; two empty rows stand for those above and below. */
export function InstanceTable({ rows, registry, view, set, frozenAt }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => keyOf(rows[index], index),
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const width = columns(view.flat).length;
  return (
    <section
      ref={scroller}
      aria-label="Instances"
      tabIndex={0}
      className="@container min-h-80 flex-1 overflow-auto -outline-offset-2"
    >
      <table aria-rowcount={rows.length + 1} className="w-full min-w-[50rem] table-fixed border-collapse">
        <TableHead view={view} set={set} />
        <tbody>
          {above > 0 && <Spacer px={above} />}
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            if (row.kind === "service")
              return <ServiceRow key={item.key} row={row} width={width} index={item.index} />;
            return (
              <InstanceRow
                key={item.key}
                instance={row.instance}
                series={registry.series.get(row.instance.id)}
                flat={view.flat}
                index={item.index}
                frozenAt={frozenAt}
              />
            );
          })}
          {below > 0 && <Spacer px={below} />}
        </tbody>
      </table>
    </section>
  );
}

function keyOf(row: Row | undefined, index: number): string | number {
  if (!row) return index;
  return row.kind === "service" ? `service:${row.service}` : row.instance.id;
}

function Spacer({ px }: { px: number }) {
  return (
    <tr>
      <td style={{ height: px }} className="p-0" />
    </tr>
  );
}

function ServiceRow({
  row,
  width,
  index,
}: {
  row: Extract<Row, { kind: "service" }>;
  width: number;
  index: number;
}) {
  const worst = statusLook[row.worst.status];
  return (
    <tr
      aria-rowindex={index + 2}
      className="h-7 border-border border-b bg-muted"
      data-testid="service-row"
      data-service={row.service}
    >
      <th scope="rowgroup" colSpan={width} className="px-2 text-left font-semibold">
        {row.service}
        <span className="ml-2 font-normal text-muted-foreground text-xs">
          {row.count} {row.count === 1 ? "instance" : "instances"}
          {row.worst.status !== "RUNNING" && (
            <span className={worst.tone}> · worst: {worst.word.toLowerCase()}</span>
          )}
        </span>{" "}
        {!row.worst.defined && <NotDefined brief={false} />}
      </th>
    </tr>
  );
}
