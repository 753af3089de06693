import { CircleCheck } from "lucide-react";
import { useRef } from "react";
import { useEvents } from "@/shared/events/store";
import { plural } from "@/shared/figures/format";
import { absenceOf, nowhere } from "@/shared/freshness/back";
import { useTruth } from "@/shared/freshness/truth";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";

/** For a moment after the page was cut off or could not see: how long that was, and what came meanwhile. */
export function BackStrip() {
  const { freshness } = useTruth();
  const now = useNow();
  const { events, asOf } = useEvents();
  const absence = useRef(nowhere);
  const isAway = freshness.kind === "reconnecting" || freshness.kind === "blind";
  // What comes between both is no end of it.
  const still = freshness.kind === "live" ? null : (absence.current.away?.since ?? null);
  const awaySince = isAway ? (freshness.since ?? now) : still;
  absence.current = absenceOf(absence.current, { awaySince, now, asOf });
  const { back } = absence.current;
  if (back === null || freshness.kind !== "live") return null;
  const missed = (events ?? []).filter(
    ({ sequence, time }) => sequence > back.asOf && Date.parse(time) <= back.at,
  ).length;
  return (
    <div
      role="status"
      data-testid="back"
      className="pointer-events-none absolute inset-x-0 bottom-0 z-20 flex min-h-7 items-center gap-2 border-input border-t bg-card px-4 py-1 font-medium max-xl:px-3"
    >
      <CircleCheck aria-hidden="true" className="size-3.5 shrink-0 text-ok" />
      Back after {formatAge(back.ms)}, {plural(missed, "event")} caught up.
    </div>
  );
}
