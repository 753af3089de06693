import { type KeyboardEvent, lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { EventHistory } from "@/shared/events/documents";
import { typeWords } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { MomentOf } from "@/shared/replay/documents";
import { useReplay } from "@/shared/replay/store";
import { asOfVariables } from "@/shared/replay/variables";
import { useSystem } from "@/shared/system/store";
import { serverNow } from "@/shared/time/clock";
import { formatMoment, formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Problem } from "@/shared/ui/states";
import { type LogMoment, useGoTo, useVersus } from "@/shared/url/moment";
import { ExactField } from "./exact-field";
import { FlagButton } from "./flag-button";
import { useFlags } from "./flags";
import { markFrom, sequenceBefore, spoken } from "./places";
import { Since } from "./since";
import { Steps } from "./steps";
import { Track } from "./track";
import { usePlayer } from "./use-player";

const Compare = lazy(() => import("./compare"));

const REST_MS = 150;

/** Where the hand is, before the page follows; `from` once the page is on its way there from that moment. */
type Held = { sequence: number; from?: LogMoment } | { time: number };

/** The page as it stood after an event of the log; the keys and the track go from event to event. */
export default function ReplayBar({ moment }: { moment: LogMoment }) {
  const goTo = useGoTo();
  const zone = useZone((s) => s.zone);
  const head = Number(useSystem((s) => s.system?.headSequence ?? 0));
  const [end] = useState(serverNow);
  const bar = useRef<HTMLElement>(null);
  const asked = useQuery(MomentOf, asOfVariables(moment));
  const [held, setHeld] = useState<Held | null>(null);
  const [versus, setVersus] = useVersus();
  const flags = useFlags();
  const known = asked.data ? Number(asked.data.asOf.asOfSequence) : null;
  const stands = "sequence" in moment ? Number(moment.sequence) : known;
  const at = held && "sequence" in held ? held.sequence : stands;
  const event = useQuery(
    EventHistory,
    at === null ? null : { last: 1, before: String(at + 1), filter: null },
  );
  const last = event.data?.events.nodes.at(-1);
  const recordedAt = last ? Date.parse(last.recordedAt) : null;
  const player = usePlayer({
    at,
    time: recordedAt,
    onShow: ({ sequence }) => goTo(`s${sequence}`, { replace: true }),
  });

  useEffect(() => {
    if (last) useReplay.setState({ sequence: last.sequence, time: Date.parse(last.time) });
  }, [last]);
  useEffect(() => () => useReplay.setState({ sequence: null, time: null }), []);
  // Dragging tells the time at once; the page follows when the hand rests, to the event before it.
  useEffect(() => {
    if (held === null) return;
    if ("sequence" in held && held.from) {
      // Unless a key has moved it on since.
      if (held.from !== moment) setHeld((now) => (now === held ? null : now));
      return;
    }
    let ended = false;
    const timer = setTimeout(async () => {
      const sequence = "sequence" in held ? held.sequence : await sequenceBefore(held.time);
      if (ended) return;
      goTo(`s${sequence}`, { replace: true });
      // Held until the address has changed, so that keys pressed meanwhile go on from here; unless one has just moved it on.
      setHeld((now) => (now === held ? { sequence, from: moment } : now));
    }, REST_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [held, moment, goTo]);

  // Counts what the user does, so that the answer to an earlier search for a marker is ignored.
  const turn = useRef(0);
  const move = (to: number): void => {
    turn.current += 1;
    player.stop();
    setHeld({ sequence: Math.min(head, Math.max(1, Math.round(to))) });
  };
  /** Whatever was under way ends. */
  const rest = (): void => {
    turn.current += 1;
    player.stop();
    setHeld(null);
  };
  const go = (to: string | null): void => {
    rest();
    goTo(to);
  };
  const toMark = async (back: boolean): Promise<void> => {
    if (at === null) return;
    const mine = ++turn.current;
    const found = await markFrom(at, back);
    if (found && mine === turn.current) move(Number(found.sequence));
  };
  const play = (): void => {
    turn.current += 1;
    player.toggle();
  };
  const flag = (name: "a" | "b"): void => {
    if (last && recordedAt !== null) flags.set(name, { sequence: last.sequence, time: recordedAt });
  };
  const compare = (): void => {
    const { a, b } = useFlags.getState();
    rest();
    setVersus(b ? `s${b.sequence}` : "now", ...(a ? [`s${a.sequence}`] : []));
  };
  const onKey = (key: KeyboardEvent): void => {
    if (at === null || key.ctrlKey || key.metaKey || key.altKey) return;
    const step = key.shiftKey ? 10 : 1;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => move(at - step),
      ArrowRight: () => move(at + step),
      PageUp: () => move(at + head / 10),
      PageDown: () => move(at - head / 10),
      Home: () => move(1),
      End: () => move(head),
      " ": play,
      ",": () => void toMark(true),
      ".": () => void toMark(false),
      a: () => flag("a"),
      b: () => flag("b"),
      t: () => bar.current?.querySelector<HTMLInputElement>("[data-key=exact]")?.focus(),
      Escape: () => go(null),
    };
    const act = acts[key.key.length === 1 ? key.key.toLowerCase() : key.key];
    if (!act) return;
    key.preventDefault();
    key.stopPropagation();
    act();
  };
  const shown = held && "time" in held ? held.time : (player.clock ?? last?.time ?? null);
  const time = shown === null ? "…" : formatMoment(shown, zone);
  return (
    <section
      ref={bar}
      aria-label="Replay"
      className="shrink-0 border-inverse border-t-2 bg-card"
      data-no-print
    >
      <div className="flex h-9 items-center gap-2 px-4 max-xl:gap-1 max-xl:px-3">
        <p
          className="min-w-0 truncate rounded-sm bg-inverse px-2 py-0.5 font-medium text-on-inverse"
          data-testid="viewing"
        >
          Viewing {time} · seq {count(at)} <span className="max-xl:hidden">of {count(head)} </span>· read only
        </p>
        <Steps at={at} head={head} player={player} onMove={move} onPlay={play} />
        <span className="ml-auto flex shrink-0 items-center gap-1">
          <ExactField onGo={go} />
          {(["a", "b"] as const).map((name) => (
            <FlagButton key={name} name={name} onClick={() => flag(name)} />
          ))}
          <Button variant="outline" onClick={compare}>
            Compare…
          </Button>
          <Button onClick={() => go(null)}>Back to live</Button>
        </span>
      </div>
      {asked.error && <Problem error={asked.error} onRetry={asked.again} />}
      <div className="flex h-13 items-center gap-3 px-4 max-xl:px-3">
        <Track
          to={end}
          time={recordedAt}
          at={at}
          head={head}
          text={last && at !== null ? spoken(last, formatSecond(last.time, zone)) : "not known yet"}
          onDrag={(to) => {
            turn.current += 1;
            player.stop();
            setHeld({ time: to });
          }}
          onKeyDown={onKey}
        />
        <div className="flex w-80 shrink-0 flex-col text-xs max-2xl:w-64 max-lg:hidden">
          <span className="truncate text-muted-foreground" title={last?.summary}>
            {last ? `${typeWords(last.type)}: ${last.summary}` : ""}
          </span>
          {at !== null && <Since at={at} head={head} onOpen={() => setVersus("now")} />}
        </div>
      </div>
      {versus !== undefined && (
        <Suspense fallback={null}>
          <Compare
            key={JSON.stringify(asOfVariables(versus))}
            moment={moment}
            other={versus}
            head={head}
            onOther={(vs) => setVersus(vs)}
            onClose={() => setVersus(null)}
          />
        </Suspense>
      )}
    </section>
  );
}
