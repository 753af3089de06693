import { ChevronFirst, ChevronLast, ChevronLeft, ChevronRight, Pause, Play } from "lucide-react";
import { type FormEvent, type KeyboardEvent, lazy, Suspense, useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { EventHistory } from "@/shared/events/documents";
import { typeWords } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { MomentOf } from "@/shared/replay/documents";
import { useReplay } from "@/shared/replay/store";
import { asOfVariables } from "@/shared/replay/variables";
import { useSystem } from "@/shared/system/store";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Problem } from "@/shared/ui/states";
import { type LogMoment, useGoTo } from "@/shared/url/moment";
import { DensityStrip } from "./density-strip";

const Compare = lazy(() => import("./compare"));

const REST_MS = 150;
const PLAY_MS = 250;

/** The page as it stood after an event of the log; the keys and the track go from event to event. */
export default function ReplayBar({ moment }: { moment: LogMoment }) {
  const goTo = useGoTo();
  const zone = useZone((s) => s.zone);
  const head = Number(useSystem((s) => s.system?.headSequence ?? 0));
  const asked = useQuery(MomentOf, asOfVariables(moment));
  const [dragged, setDragged] = useState<number | null>(null);
  const [playing, setPlaying] = useState(false);
  const [comparing, setComparing] = useState(false);
  const known = asked.data ? Number(asked.data.asOf.asOfSequence) : null;
  const at = dragged ?? ("sequence" in moment ? Number(moment.sequence) : known);
  const event = useQuery(
    EventHistory,
    at === null ? null : { last: 1, before: String(at + 1), filter: null },
  );
  const last = event.data?.events.nodes.at(-1);

  useEffect(() => {
    if (last) useReplay.setState({ sequence: last.sequence, time: Date.parse(last.time) });
  }, [last]);
  useEffect(() => () => useReplay.setState({ sequence: null, time: null }), []);
  // Dragging tells the time at once; the page follows when the hand rests.
  useEffect(() => {
    if (dragged === null) return;
    const timer = setTimeout(() => {
      goTo(`s${dragged}`, { replace: true });
      setDragged(null);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [dragged, goTo]);
  useEffect(() => {
    if (!playing || at === null) return;
    if (at >= head) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => goTo(`s${at + 1}`, { replace: true }), PLAY_MS);
    return () => clearTimeout(timer);
  }, [playing, at, head, goTo]);

  const move = (to: number): void => {
    setPlaying(false);
    setDragged(Math.min(head, Math.max(1, Math.round(to))));
  };
  const onKey = (key: KeyboardEvent): void => {
    if (at === null) return;
    const step = key.shiftKey ? 10 : 1;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => move(at - step),
      ArrowRight: () => move(at + step),
      PageUp: () => move(at + head / 10),
      PageDown: () => move(at - head / 10),
      Home: () => move(1),
      End: () => move(head),
      " ": () => setPlaying(!playing),
      Escape: () => goTo(null),
    };
    const act = acts[key.key];
    if (!act) return;
    key.preventDefault();
    key.stopPropagation();
    act();
  };
  const time = last ? formatMoment(last.time, zone) : "…";
  const what = last ? typeWords(last.type).toLowerCase() : "";
  return (
    <section aria-label="Replay" className="shrink-0 border-inverse border-t-2 bg-card" data-no-print>
      <div className="flex h-9 items-center gap-2 px-4 max-xl:px-3">
        <p className="rounded-sm bg-inverse px-2 py-0.5 font-medium text-on-inverse" data-testid="viewing">
          Viewing {time} · seq {count(at)} of {count(head)} · read only
        </p>
        <Steps at={at} head={head} playing={playing} onMove={move} onPlay={() => setPlaying(!playing)} />
        <Exact onGo={(to) => goTo(to)} />
        <Button variant="outline" onClick={() => setComparing(true)}>
          Compare…
        </Button>
        {comparing && (
          <Suspense fallback={null}>
            <Compare moment={moment} head={head} onClose={() => setComparing(false)} />
          </Suspense>
        )}
        <Button className="ml-auto" onClick={() => goTo(null)}>
          Back to live
        </Button>
      </div>
      {asked.error && <Problem error={asked.error} onRetry={asked.again} />}
      <div className="flex h-12 items-center gap-3 px-4 max-xl:px-3">
        <DensityStrip onGo={(to) => goTo(to)} />
        <input
          type="range"
          min={1}
          max={Math.max(1, head)}
          value={at ?? 1}
          aria-label="Moment of the log"
          aria-valuetext={`${time}, sequence ${at ?? "unknown"}, ${what}`}
          title="Event by event"
          className="h-4 w-72 accent-primary max-lg:w-40"
          onChange={(change) => move(Number(change.target.value))}
          onKeyDown={onKey}
        />
        <span className="w-80 truncate text-muted-foreground text-xs max-xl:hidden" title={last?.summary}>
          {last ? `${typeWords(last.type)}: ${last.summary}` : ""}
        </span>
      </div>
    </section>
  );
}

interface StepsProps {
  at: number | null;
  head: number;
  playing: boolean;
  onMove: (to: number) => void;
  onPlay: () => void;
}

function Steps({ at, head, playing, onMove, onPlay }: StepsProps) {
  const now = at ?? 1;
  const steps = [
    { label: "First event", icon: ChevronFirst, to: 1 },
    { label: "Event before", icon: ChevronLeft, to: now - 1 },
    { label: "Event after", icon: ChevronRight, to: now + 1 },
    { label: "Last event", icon: ChevronLast, to: head },
  ];
  const PlayIcon = playing ? Pause : Play;
  return (
    <div className="flex items-center">
      {steps.map(({ label, icon: Icon, to }) => (
        <Button
          key={label}
          variant="ghost"
          size="icon"
          aria-label={label}
          title={label}
          disabled={at === null || to < 1 || to > head}
          onClick={() => onMove(to)}
        >
          <Icon aria-hidden="true" />
        </Button>
      ))}
      <Button
        variant="ghost"
        size="icon"
        aria-label={playing ? "Stop playing" : "Play, four events a second"}
        title={playing ? "Stop playing" : "Play, four events a second"}
        onClick={onPlay}
      >
        <PlayIcon aria-hidden="true" />
      </Button>
    </div>
  );
}

/** An exact sequence or time. */
function Exact({ onGo }: { onGo: (at: string) => void }) {
  const [text, setText] = useState("");
  const trimmed = text.trim();
  const at = /^\d{1,20}$/.test(trimmed)
    ? `s${trimmed}`
    : Number.isNaN(Date.parse(trimmed))
      ? null
      : new Date(trimmed).toISOString();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (at === null) return;
    onGo(at);
    setText("");
  };
  return (
    <form className="flex items-center gap-1" onSubmit={submit}>
      <Input
        aria-label="Sequence or time"
        placeholder="Sequence or time"
        className="w-44"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" variant="outline" disabled={at === null}>
        Go
      </Button>
    </form>
  );
}
