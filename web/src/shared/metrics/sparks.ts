import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { serverNow } from "@/shared/time/clock";
import { CallsOverTime } from "./documents";

export const SPAN_MS = 15 * 60_000;
const POINTS = 60;
/** How old a line may be before it is asked for again. */
const FRESH_MS = 30_000;
/** How many are asked for at a time: a scroll through thousands must not become thousands of questions. */
const AT_ONCE = 4;
/** So many lines are kept. */
const KEPT = 500;

export interface SparkLine {
  /** Calls a second, one for each window; null where no heartbeat came. */
  values: readonly (number | null)[];
  at: number;
}

interface SparkStore {
  lines: ReadonlyMap<string, SparkLine>;
}

export const useSparks = create<SparkStore>(() => ({ lines: new Map() }));

interface Wanted {
  service: string;
  instance: string | null;
}

const keyOf = ({ service, instance }: Wanted): string => `${service}/${instance ?? ""}`;
const waiting = new Map<string, Wanted>();
let running = 0;

/** Asks for the line of one that is in sight, unless it is known; the result takes the wish back. */
export function wantSpark(wanted: Wanted): () => void {
  const key = keyOf(wanted);
  const known = useSparks.getState().lines.get(key);
  if (!known || serverNow() - known.at > FRESH_MS) waiting.set(key, wanted);
  pump();
  return () => waiting.delete(key);
}

function pump(): void {
  while (running < AT_ONCE) {
    const next = waiting.entries().next();
    if (next.done) return;
    const [key, wanted] = next.value;
    waiting.delete(key);
    running += 1;
    void load(key, wanted).finally(() => {
      running -= 1;
      pump();
    });
  }
}

async function load(key: string, wanted: Wanted): Promise<void> {
  const to = serverNow();
  const variables = {
    ...wanted,
    from: new Date(to - SPAN_MS).toISOString(),
    to: new Date(to).toISOString(),
    points: POINTS,
  };
  const { data } = await client.query(CallsOverTime, variables).toPromise();
  if (!data) return;
  const { points, resolutionSeconds } = data.metrics;
  const values = gridded(points, to - SPAN_MS, to, resolutionSeconds * 1_000);
  useSparks.setState((s) => {
    const lines = new Map(s.lines);
    lines.delete(key);
    lines.set(key, { values, at: to });
    const [oldest] = lines.keys();
    if (lines.size > KEPT && oldest !== undefined) lines.delete(oldest);
    return { lines };
  });
}

/** One value for each window from beginning to end, null where there is no point: a gap stays a gap. */
export function gridded(
  points: readonly { at: string; callsPerSecond: number }[],
  from: number,
  to: number,
  stepMs: number,
): (number | null)[] {
  const slots = Math.max(1, Math.ceil((to - from) / stepMs));
  const values: (number | null)[] = new Array(slots).fill(null);
  for (const { at, callsPerSecond } of points) {
    const slot = Math.floor((Date.parse(at) - from) / stepMs);
    if (slot >= 0 && slot < slots) values[slot] = callsPerSecond;
  }
  return values;
}
