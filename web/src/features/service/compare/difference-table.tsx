import { Figure } from "@/shared/figures/figure";
import { NONE } from "@/shared/figures/format";
import { rowClass, Table } from "@/shared/ui/table";
import type { Difference } from "./differences";

interface Props {
  a: string;
  b: string;
  rows: readonly Difference[];
}

/** What both sides come to, and how far the second is from the first. */
export function DifferenceTable({ a, b, rows }: Props) {
  const columns = [
    { label: "Figure", className: "pl-3" },
    { label: a, right: true },
    { label: b, right: true },
    { label: "Difference", right: true },
    { label: "In percent", right: true },
  ];
  return (
    <div className="overflow-x-auto">
      <Table label="Differences" columns={columns}>
        {rows.map(({ figure, unit, format, change, ...row }) => (
          <tr key={figure} data-testid="difference" className={rowClass}>
            <td className="px-2 pl-3">
              {figure} <span className="text-muted-foreground text-xs">{unit}</span>
            </td>
            <td className="px-2 text-right">
              <Figure text={format(row.a)} />
            </td>
            <td className="px-2 text-right">
              <Figure text={format(row.b)} />
            </td>
            <td className="px-2 text-right">
              <Figure text={row.a === null || row.b === null ? NONE : signed(row.b - row.a, format)} />
            </td>
            <td className="px-2 text-right">
              <Figure
                text={change === null ? NONE : `${signed(change, (value) => (value ?? 0).toFixed(1))} %`}
              />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function signed(value: number, format: Difference["format"]): string {
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "−"}${format(Math.abs(value))}`;
}
