import { CircleCheck, CircleX, EyeOff, Minimize2, TriangleAlert, Wrench } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Link, useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import { useAttention } from "@/shared/attention/store";
import { type ShownItem, useAttentionItems } from "@/shared/attention/use-items";
import { foldRuns, withoutHealed } from "@/shared/events/fold";
import { typeWords } from "@/shared/events/kinds";
import { useEvents } from "@/shared/events/store";
import { count } from "@/shared/figures/format";
import { usePulse } from "@/shared/freshness/pulse";
import { useTruth } from "@/shared/freshness/truth";
import { cn } from "@/shared/lib/utils";
import { usePlans } from "@/shared/plans/use-plans";
import { looks } from "@/shared/status/look";
import { Segments } from "@/shared/status/segments";
import { statuses, words } from "@/shared/status/status";
import { useSystem } from "@/shared/system/store";
import { Age } from "@/shared/time/age";
import { serverNow, useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { formatDay, formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { verdictOf } from "./verdict";

const tones = {
  fine: { icon: CircleCheck, tone: "text-ok", soft: "bg-ok-soft" },
  warn: { icon: TriangleAlert, tone: "text-warn", soft: "bg-warn-soft" },
  bad: { icon: CircleX, tone: "text-bad", soft: "bg-bad-soft" },
  blind: { icon: EyeOff, tone: "text-bad", soft: "bg-bad-soft" },
};

/** For the screen on the wall: the verdict, the totals and what needs somebody, to be read from across the room. */
export function Wallboard() {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") void navigate("/");
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate]);
  const items = useAttentionItems().filter(
    ({ severity, acknowledged }) => severity !== "healed" && !acknowledged,
  );
  const { unknownSince } = useTruth();
  const zone = useZone((s) => s.zone);
  const now = useNow();
  const verdict = verdictOf(items, unknownSince !== null);
  const { icon: Icon, tone, soft } = tones[verdict.kind];
  return (
    <div className="flex min-h-full flex-1 flex-col gap-6 p-8 text-2xl max-lg:p-4 leading-9">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h1 className="font-semibold text-3xl">Aegis</h1>
        <span className="text-muted-foreground">{useSystem((s) => s.system?.namespace) ?? ""}</span>
        <time className="ml-auto font-semibold text-4xl" dateTime={new Date(now).toISOString()}>
          {formatSecond(now, zone)}
        </time>
        <span className="text-muted-foreground">
          {formatDay(now, zone)}, {zone === "utc" ? "UTC" : "local"}
        </span>
        <Button variant="outline" className="text-base" asChild>
          <Link to="/">
            <Minimize2 aria-hidden="true" /> Leave (Esc)
          </Link>
        </Button>
      </header>
      <p
        role="status"
        data-testid="verdict"
        data-kind={verdict.kind}
        className={cn(
          "flex items-center gap-4 rounded border border-border p-6 font-semibold text-4xl",
          tone,
          soft,
        )}
      >
        <Icon aria-hidden="true" className="size-12 shrink-0" />
        {verdict.text}
        {unknownSince !== null && (
          <span className="ml-auto text-2xl">since {formatSecond(unknownSince, zone, now)}</span>
        )}
      </p>
      <Totals blind={unknownSince !== null} />
      <Trouble items={items} />
      <Planned />
      <Changes />
    </div>
  );
}

function Totals({ blind }: { blind: boolean }) {
  const { counts, total } = usePulse();
  const { ownerless, groups } = useAttention();
  const shown = statuses.filter((status) => (counts?.get(status) ?? 0) > 0);
  return (
    <dl className="grid grid-cols-[2fr_1fr] gap-6 max-lg:grid-cols-1">
      <div className="rounded border border-border bg-card p-6">
        <dt className="text-muted-foreground">Instances{blind && ", as they were"}</dt>
        <dd className="font-semibold text-6xl leading-tight">{counts === null ? "—" : count(total)}</dd>
        <dd className="mt-3">
          <Segments counts={blind ? new Map() : (counts ?? new Map())} className="h-4" />
        </dd>
        <dd className="mt-3 flex flex-wrap gap-x-6 text-xl">
          {shown.map((status) => {
            const { icon: Icon, tone } = looks[status];
            return (
              <span key={status} className={cn("inline-flex items-center gap-2", !blind && tone)}>
                <Icon aria-hidden="true" className="size-5" />
                {count(counts?.get(status))} {words[status].toLowerCase()}
              </span>
            );
          })}
        </dd>
      </div>
      <div className="rounded border border-border bg-card p-6">
        <dt className="text-muted-foreground">Groups{blind && ", as they were"}</dt>
        <dd className="font-semibold text-6xl leading-tight">{count(groups)}</dd>
        <dd className={cn("mt-3 text-xl", ownerless.total > 0 && !blind && "font-semibold text-bad")}>
          {ownerless.total > 0 ? `${count(ownerless.total)} without owner` : "all owned"}
        </dd>
      </div>
    </dl>
  );
}

/** So many can be read from across the room. */
const SHOWN = 6;
const LINES = 8;
const LOOKED_AT = 200;

function Trouble({ items }: { items: readonly ShownItem[] }) {
  if (items.length === 0) return null;
  return (
    <ul className="flex flex-col gap-2">
      {items.slice(0, SHOWN).map((item) => {
        const { icon: Icon, tone } = tones[item.severity === "bad" ? "bad" : "warn"];
        return (
          <li
            key={item.key}
            className="flex items-center gap-4 rounded border border-border bg-card px-6 py-3"
          >
            <Icon aria-hidden="true" className={cn("size-7 shrink-0", tone)} />
            <span className="shrink-0 font-semibold">{item.subject}</span>
            <span className="min-w-0 flex-1 truncate">{item.text}</span>
            {item.since !== null && (
              <span className="shrink-0 text-muted-foreground">
                <Age since={new Date(item.since).toISOString()} short />
              </span>
            )}
          </li>
        );
      })}
      {items.length > SHOWN && <li className="text-muted-foreground">and {items.length - SHOWN} more</li>}
    </ul>
  );
}

/** Maintenances that go on: what is lost meanwhile does not heal by itself. */
function Planned() {
  const { maintenances } = usePlans({ service: null, group: null });
  const now = useNow();
  if (maintenances.length === 0) return null;
  return (
    <ul className="flex flex-col gap-2" aria-label="Maintenance">
      {maintenances.slice(0, SHOWN).map(({ service, group, until, reason }) => (
        <li
          key={`${service}/${group ?? ""}`}
          className="flex items-center gap-4 rounded border border-border bg-card px-6 py-3"
        >
          <Wrench aria-hidden="true" className="size-7 shrink-0 text-drain" />
          <span className="shrink-0 font-semibold">{group ?? service}</span>
          <span className="min-w-0 flex-1 truncate">
            Maintenance: nobody takes over what is lost · {reason}
          </span>
          <span className="shrink-0 text-muted-foreground">ends in {formatAge(Date.parse(until) - now)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The last of what happened, runs folded. */
function Changes() {
  const events = useEvents((s) => s.events);
  const zone = useZone((s) => s.zone);
  const lines = useMemo(
    () => foldRuns(withoutHealed((events ?? []).slice(-LOOKED_AT))).slice(0, LINES),
    [events],
  );
  if (lines.length === 0) return null;
  return (
    <section aria-label="Last changes" className="text-xl">
      <h2 className="mb-2 text-muted-foreground">Last changes</h2>
      <ul>
        {lines.map(({ key, event, count: many }) => (
          <li key={key} className="flex items-baseline gap-4 border-border border-t py-1.5">
            <span className="w-32 shrink-0 text-muted-foreground max-lg:w-24">
              {formatSecond(event.time, zone, serverNow())}
            </span>
            <span className="w-64 shrink-0 truncate font-medium max-lg:w-36">{typeWords(event.type)}</span>
            <span className="min-w-0 truncate">
              {many > 1 ? `${count(many)} of ${event.service ?? "the installation"}` : event.summary}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
