import { useEffect, useRef, useState } from "react";
import { type Event, EventsAfter } from "@/shared/events/documents";
import { client } from "@/shared/graphql/client";
import { type Pace, STEP_MS, turn } from "./player";

const PAGE = 200;
/** More is fetched when fewer are left. */
const LOW = 50;

interface Options {
  /** The event that the page stands at, and when it was recorded. */
  at: number | null;
  time: number | null;
  onShow: (event: Event) => void;
}

export interface Player {
  playing: boolean;
  pace: Pace;
  stopAtMarks: boolean;
  /** The moment that is played, in epoch milliseconds; null while nothing plays, or event by event. */
  clock: number | null;
  toggle: () => void;
  stop: () => void;
  setPace: (pace: Pace) => void;
  setStopAtMarks: (stop: boolean) => void;
}

/** Plays the log onwards from where the page stands. */
export function usePlayer({ at, time, onShow }: Options): Player {
  const [playing, setPlaying] = useState(false);
  const [pace, setPace] = useState<Pace>("events");
  const [stopAtMarks, setStopAtMarks] = useState(false);
  const [clock, setClock] = useState<number | null>(null);
  const now = useRef({ at, time, onShow, stopAtMarks });
  now.current = { at, time, onShow, stopAtMarks };

  useEffect(() => {
    if (!playing || now.current.at === null) return;
    let ended = false;
    let ahead: readonly Event[] = [];
    let after: string | null = String(now.current.at);
    let fetching = false;
    let moment = now.current.time ?? Number.NaN;
    const fetchMore = async (): Promise<void> => {
      if (fetching || after === null) return;
      fetching = true;
      const { data } = await client.query(EventsAfter, { first: PAGE, after, filter: null }).toPromise();
      fetching = false;
      if (ended) return;
      ahead = [...ahead, ...(data?.events.nodes ?? [])];
      after = data?.events.pageInfo.hasNextPage ? data.events.pageInfo.endCursor : null;
    };
    const step = (): void => {
      if (ahead.length < LOW) void fetchMore();
      // The clock waits for what is under way.
      if (ahead.length === 0 && fetching) return;
      if (pace !== "events") {
        moment += STEP_MS * pace;
        setClock(moment);
      }
      const { shown, ahead: left, stop } = turn(ahead, pace, moment, now.current.stopAtMarks);
      ahead = left;
      if (shown) now.current.onShow(shown);
      if (stop || (ahead.length === 0 && after === null)) setPlaying(false);
    };
    const timer = setInterval(step, STEP_MS);
    return () => {
      ended = true;
      clearInterval(timer);
      setClock(null);
    };
  }, [playing, pace]);

  return {
    playing,
    pace,
    stopAtMarks,
    clock,
    toggle: () => setPlaying((was) => !was),
    stop: () => setPlaying(false),
    setPace,
    setStopAtMarks,
  };
}
