import { memo, type ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { useAttentionItems } from "@/shared/attention/use-items";
import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { cn } from "@/shared/lib/utils";
import { looks } from "@/shared/status/look";
import { Segments } from "@/shared/status/segments";
import { type InstanceStatus, statuses, words } from "@/shared/status/status";
import { writeUrl } from "@/shared/url/codec";
import { keeping } from "@/shared/url/links";
import { useMoment } from "@/shared/url/moment";
import { isBad, type Rollup } from "./rollups";
import { type Totals, useTotals } from "./use-totals";
import { noFilter, type OverviewView, overviewShape } from "./view-state";

interface Props {
  /** Services as they stood, while the page shows the past. */
  past: readonly Rollup[] | null;
  /** Whose services are counted; empty for all. */
  team: string;
}

/** What there is, and how it is; each part leads to exactly the list that it counts. */
export const Tiles = memo(function Tiles({ past, team }: Props) {
  const now = useTotals(team);
  const scope = { ...noFilter, team };
  const moment = useMoment();
  const { services, notFine, counts, instances, groups, ownerless } = moment === null ? now : totalsOf(past);
  const { unknownSince } = useTruth();
  const items = useAttentionItems().filter(
    ({ severity, acknowledged }) => severity !== "healed" && !acknowledged,
  );
  // What cannot be seen is not called fine: the figures are those of the last sight, and their bars have no colour.
  const blind = unknownSince !== null;
  const was = blind ? "was: " : "";
  const owned = groups === null ? null : groups - ownerless;
  return (
    <nav
      aria-label="Totals"
      className={cn(
        "grid shrink-0 grid-cols-4 gap-px border-border border-b bg-border",
        unknownSince !== null && "text-muted-foreground",
      )}
    >
      <Tile
        label="Services"
        value={services}
        bar={<Bar bad={notFine} all={services ?? 0} blind={blind} />}
        text={
          services === null
            ? ""
            : notFine === 0
              ? `${was}all fine`
              : `${was}${services - notFine} fine · ${notFine} not`
        }
        to={useChange({ ...scope, view: "services" })}
      />
      <Tile
        label="Instances"
        value={counts === null ? null : instances}
        bar={
          blind ? <Bar bad={0} all={0} blind /> : <Segments counts={counts ?? new Map()} className="flex-1" />
        }
        text={
          counts && (
            <>
              {was && <span className="mr-1">{was}</span>}
              <ByStatus counts={counts} blind={blind} team={team} />
            </>
          )
        }
        to={useChange({ ...scope, view: "instances" })}
      />
      <Tile
        label="Groups"
        value={groups}
        bar={<Bar bad={ownerless} all={groups ?? 0} blind={blind} lead />}
        text={
          owned === null
            ? ""
            : ownerless === 0
              ? `${was}all owned`
              : `${was}${count(owned)} owned · ${ownerless} without owner`
        }
        bad={ownerless > 0 && !blind}
        to="/leadership"
      />
      <Tile
        label="Alerts"
        value={moment === null ? items.length : null}
        bar={null}
        text={moment === null ? alertsText(items) : "told of now only"}
        bad={items.some(({ severity }) => severity === "bad")}
        to={null}
      />
    </nav>
  );
});

/** The same out of the services: of the past nothing else is known. */
function totalsOf(rollups: readonly Rollup[] | null): Totals {
  const counts = new Map<InstanceStatus, number>();
  for (const rollup of rollups ?? [])
    for (const [status, n] of rollup.counts) counts.set(status, (counts.get(status) ?? 0) + n);
  const sum = (pick: (rollup: Rollup) => number): number =>
    (rollups ?? []).reduce((total, each) => total + pick(each), 0);
  return {
    services: rollups?.length ?? null,
    notFine: (rollups ?? []).filter(isBad).length,
    counts: rollups && counts,
    instances: sum((each) => each.instances),
    groups: rollups && sum((each) => each.groups),
    ownerless: sum((each) => each.ownerless),
  };
}

function alertsText(items: readonly { severity: string }[]): string {
  const bad = items.filter(({ severity }) => severity === "bad").length;
  const warn = items.length - bad;
  if (items.length === 0) return "none open";
  return [bad > 0 && `${bad} bad`, warn > 0 && `${warn} warn`].filter(Boolean).join(" · ");
}

/** The address with this change, what every link keeps with it. */
function useChange(change: Partial<OverviewView>): string {
  const [params] = useSearchParams();
  return `?${writeUrl(overviewShape, params, { ...change, peek: "" })}`;
}

/** Beyond so many states the worst has its word, and the others have theirs for the pointer and for screen readers. */
const WORDED = 2;

function ByStatus({
  counts,
  blind,
  team,
}: {
  counts: ReadonlyMap<InstanceStatus, number>;
  blind: boolean;
  team: string;
}) {
  const present = statuses.filter((status) => (counts.get(status) ?? 0) > 0);
  return (
    <>
      {present.map((status, index) => (
        <StatusLink
          key={status}
          status={status}
          n={counts.get(status) ?? 0}
          blind={blind}
          team={team}
          worded={index === 0 || present.length <= WORDED}
        />
      ))}
    </>
  );
}

function StatusLink({
  status,
  n,
  blind,
  team,
  worded,
}: {
  status: InstanceStatus;
  n: number;
  blind: boolean;
  team: string;
  worded: boolean;
}) {
  const to = useChange({ ...noFilter, team, view: "instances", status: [status] });
  const { icon: Icon, tone } = looks[status];
  return (
    <Link
      to={to}
      title={`${count(n)} ${words[status].toLowerCase()}`}
      className="mr-2 inline-flex h-6 items-center gap-1 hover:underline"
    >
      <Icon aria-hidden="true" className={cn("size-3", !blind && tone)} />
      {count(n)} <span className={cn(!worded && "sr-only")}>{words[status].toLowerCase()} </span>
    </Link>
  );
}

interface BarProps {
  bad: number;
  all: number;
  blind: boolean;
  lead?: boolean;
}

function Bar({ bad, all, blind, lead = false }: BarProps) {
  if (blind)
    return <span aria-hidden="true" className="hatch h-1.5 flex-1 rounded-sm text-muted-foreground" />;
  return (
    <span aria-hidden="true" className="flex h-1.5 flex-1 gap-px overflow-hidden rounded-sm bg-muted">
      {all - bad > 0 && <span className={lead ? "bg-lead-fill" : "bg-ok"} style={{ flexGrow: all - bad }} />}
      {bad > 0 && <span className="min-w-1 bg-bad" style={{ flexGrow: bad }} />}
    </span>
  );
}

interface TileProps {
  label: string;
  value: number | null;
  bar: ReactNode;
  text: ReactNode;
  to: string | null;
  bad?: boolean;
}

function Tile({ label, value, bar, text, to, bad = false }: TileProps) {
  const [params] = useSearchParams();
  const figure = (
    <span className={cn("font-semibold text-figure max-lg:text-panel", bad && "max-lg:text-bad")}>
      {count(value)}
    </span>
  );
  return (
    <div className="flex h-15 min-w-0 flex-col justify-center bg-card px-4 max-xl:px-3 max-lg:h-9">
      <div className="flex items-center gap-2">
        {to === null ? (
          <span className="flex items-baseline gap-1.5">
            {figure} <span className="text-muted-foreground">{label}</span>
          </span>
        ) : (
          <Link
            to={to.startsWith("?") ? to : keeping(to, params)}
            className="flex items-baseline gap-1.5 hover:underline"
          >
            {figure} <span className="text-muted-foreground">{label}</span>
          </Link>
        )}
        <span className="flex flex-1 max-lg:hidden">{bar}</span>
      </div>
      <div
        className={cn(
          "flex h-6 items-center truncate text-xs max-lg:hidden",
          bad ? "font-medium text-bad" : "text-muted-foreground",
        )}
      >
        {text}
      </div>
    </div>
  );
}
