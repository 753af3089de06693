import { Link, useSearchParams } from "react-router";
import { cn } from "@/shared/lib/utils";
import { writeUrl } from "@/shared/url/codec";
import { down, transitional } from "./status";
import type { Tally } from "./tally";
import { type DashboardView, dashboardShape } from "./view-state";

interface Tile {
  label: string;
  value: number | null;
  counts: string;
  tone?: string;
  filter: Partial<DashboardView>;
}

const clear: Partial<DashboardView> = {
  status: [],
  leading: false,
  undefined: false,
  ownerless: false,
  service: "",
  q: "",
};

function tiles(t: Tally): Tile[] {
  const alarm = (n: number | null, tone: string): string => (n ? tone : "");
  return [
    { label: "Services", value: t.services, counts: "with instances", filter: { ...clear, flat: false } },
    { label: "Instances", value: t.instances, counts: "registered", filter: clear },
    {
      label: "Running",
      value: t.running,
      counts: "serving",
      filter: { ...clear, status: ["RUNNING"] },
    },
    {
      label: "In transition",
      value: t.moving,
      counts: "start or stop",
      filter: { ...clear, status: transitional },
    },
    {
      label: "Unhealthy",
      value: t.unhealthy,
      counts: "beats missing",
      tone: alarm(t.unhealthy, "text-warn"),
      filter: { ...clear, status: ["UNHEALTHY"] },
    },
    {
      label: "Down",
      value: t.down,
      counts: "failed or gone",
      tone: alarm(t.down, "text-bad"),
      filter: { ...clear, status: down },
    },
    { label: "Groups led", value: t.led, counts: "with an owner", filter: { ...clear, leading: true } },
    {
      label: "Without owner",
      value: t.ownerless,
      counts: "nobody leads",
      tone: alarm(t.ownerless, "text-bad"),
      filter: { ...clear, ownerless: true },
    },
  ];
}

const sameFilter = (view: DashboardView, filter: Partial<DashboardView>): boolean =>
  Object.entries(filter).every(([key, value]) => String(view[key as keyof DashboardView]) === String(value));

/** Each tile says what it counts and leads to exactly that. */
export function Tiles({ tally, view }: { tally: Tally; view: DashboardView }) {
  const [params] = useSearchParams();
  return (
    <nav
      aria-label="Totals"
      className="grid grid-cols-4 gap-px border-border border-b bg-border lg:grid-cols-8"
    >
      {tiles(tally).map((tile) => {
        const active =
          tile.label !== "Services" && tile.label !== "Instances" && sameFilter(view, tile.filter);
        return (
          <Link
            key={tile.label}
            to={{ search: writeUrl(dashboardShape, params, active ? clear : tile.filter).toString() }}
            aria-current={active ? "true" : undefined}
            className={cn(
              "flex min-w-0 flex-col px-2.5 py-1.5 xl:px-3 -outline-offset-2 hover:bg-accent",
              active ? "bg-accent shadow-[inset_0_-2px_0_var(--primary)]" : "bg-card",
            )}
          >
            <span className="truncate text-muted-foreground text-xs">{tile.label}</span>
            <span className={cn("font-semibold text-xl leading-6", tile.tone)}>{tile.value ?? "—"}</span>
            <span className="truncate text-muted-foreground text-xs">{tile.counts}</span>
          </Link>
        );
      })}
    </nav>
  );
}
