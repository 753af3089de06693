import { EyeOff, Pause, PlugZap, TriangleAlert } from "lucide-react";
import { Button } from "@/components/ui/button";
import { useEvents } from "@/shared/events/store";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { useConnectionOf } from "@/shared/graphql/use-live";
import { usePause } from "@/shared/live/pause";
import { useSystem } from "@/shared/system/store";
import { serverNow } from "@/shared/time/clock";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";

/** Lies over the lower edge of the page, so that nothing shifts when the page stops telling the present. */
export function Strips() {
  const { freshness, unknownSince } = useTruth();
  const pausedAt = usePause((s) => s.pausedAt);
  const resume = usePause((s) => s.resume);
  const live = useConnectionOf((s) => s.live);
  const refusal = useSystem((s) => s.refusal);
  const zone = useZone((s) => s.zone);
  const events = useEvents((s) => s.events);
  const waiting =
    pausedAt === null ? 0 : (events ?? []).filter(({ time }) => Date.parse(time) > pausedAt).length;
  const at = (moment: number): string => formatSecond(moment, zone, serverNow());
  const lines: { key: string; icon: typeof Pause; text: React.ReactNode; action?: React.ReactNode }[] = [];
  if (freshness.kind === "refused") {
    const text = `The live connection is refused: ${freshness.reason}. Reload the page once that is corrected.`;
    lines.push({ key: "refused", icon: TriangleAlert, text });
  } else if (refusal !== null) {
    lines.push({ key: "refusal", icon: TriangleAlert, text: `The control plane answers: ${refusal}` });
  }
  if (freshness.kind === "reconnecting" && freshness.since !== null) {
    lines.push({
      key: "reconnecting",
      icon: PlugZap,
      text: `The live connection is down since ${at(freshness.since)}: what you see is of then.`,
      action: (
        <Button variant="outline" onClick={() => live?.hurry()}>
          Retry now
        </Button>
      ),
    });
  }
  if (freshness.kind === "blind" && unknownSince !== null) {
    const text = `Aegis cannot see since ${at(unknownSince)}: states are unknown, and ages stand at that moment.`;
    lines.push({ key: "blind", icon: EyeOff, text });
  }
  if (pausedAt !== null) {
    lines.push({
      key: "paused",
      icon: Pause,
      text: `Paused at ${at(pausedAt)}: all of the page stands. ${plural(waiting, "change")} ${waiting === 1 ? "waits" : "wait"}.`,
      action: (
        <Button variant="outline" onClick={resume}>
          Resume
        </Button>
      ),
    });
  }
  if (lines.length === 0) return null;
  return (
    <div
      role="status"
      data-testid="banner"
      className="absolute inset-x-0 bottom-0 z-20 border-warn border-t-2 bg-warn-soft px-4 py-1 text-warn max-xl:px-3"
    >
      {lines.map(({ key, icon: Icon, text, action }) => (
        <div key={key} className="flex min-h-7 items-center gap-2 font-medium">
          <Icon aria-hidden="true" className="size-3.5 shrink-0" />
          <span className="min-w-0">{text}</span>
          <span className="ml-auto shrink-0">{action}</span>
        </div>
      ))}
    </div>
  );
}
