import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { serverNow } from "@/shared/time/clock";
import { CallsOverTime, Sparklines } from "./documents";

export const SPAN_MS = 15 * 60_000;
const POINTS = 60;
/** How old a line may be before it is asked for again. */
const FRESH_MS = 30_000;
/** How long others are waited for that come into sight at the same time. */
const GATHER_MS = 50;
/** As many instances as one question may name. */
const MOST = 100;
/** So many lines are kept. */
const KEPT = 500;

export interface SparkLine {
  /** Calls a second, one for each window; null where no heartbeat came. */
  values: readonly (number | null)[];
  at: number;
}

interface SparkStore {
  lines: ReadonlyMap<string, SparkLine>;
  /** The highest value of all instances of a service, under its name, and of the service itself, under `name/`. */
  tops: ReadonlyMap<string, number>;
}

export const useSparks = create<SparkStore>(() => ({ lines: new Map(), tops: new Map() }));

interface Wanted {
  service: string;
  instance: string | null;
}

const keyOf = ({ service, instance }: Wanted): string => `${service}/${instance ?? ""}`;
const waiting = new Map<string, Wanted>();
let gathering = false;

/** Asks for the line of one that is in sight, unless it is known; the result takes the wish back. */
export function wantSpark(wanted: Wanted): () => void {
  const key = keyOf(wanted);
  const known = useSparks.getState().lines.get(key);
  if (!known || serverNow() - known.at > FRESH_MS) waiting.set(key, wanted);
  gather();
  return () => waiting.delete(key);
}

function gather(): void {
  if (gathering) return;
  gathering = true;
  setTimeout(ask, GATHER_MS);
}

function ask(): void {
  gathering = false;
  const now = [...waiting].slice(0, MOST);
  for (const [key] of now) waiting.delete(key);
  const instances = now.filter(([, { instance }]) => instance !== null).map(([key]) => key);
  if (instances.length > 0) void loadInstances(instances);
  for (const [key, { service, instance }] of now) if (instance === null) void loadService(key, service);
  if (waiting.size > 0) gather();
}

const spanOf = (to: number): { from: string; to: string; points: number } => ({
  from: new Date(to - SPAN_MS).toISOString(),
  to: new Date(to).toISOString(),
  points: POINTS,
});

async function loadInstances(ids: string[]): Promise<void> {
  const to = serverNow();
  const { data } = await client.query(Sparklines, { ids, ...spanOf(to) }).toPromise();
  keep(
    (data?.sparklines ?? []).map(({ id, points, resolutionSeconds }) => {
      const values = gridded(points, to - SPAN_MS, to, resolutionSeconds * 1_000);
      return [id, { values, at: to }];
    }),
  );
}

async function loadService(key: string, service: string): Promise<void> {
  const to = serverNow();
  const { data } = await client.query(CallsOverTime, { service, instance: null, ...spanOf(to) }).toPromise();
  if (!data) return;
  const { points, resolutionSeconds } = data.metrics;
  keep([[key, { values: gridded(points, to - SPAN_MS, to, resolutionSeconds * 1_000), at: to }]]);
}

/** All at once, so that what shows them is drawn once. */
function keep(news: readonly (readonly [string, SparkLine])[]): void {
  useSparks.setState((s) => {
    const lines = new Map(s.lines);
    for (const [key, line] of news) {
      lines.delete(key);
      lines.set(key, line);
    }
    for (const oldest of lines.keys()) {
      if (lines.size <= KEPT) break;
      lines.delete(oldest);
    }
    return { lines, tops: topsOf(lines) };
  });
}

function topsOf(lines: SparkStore["lines"]): SparkStore["tops"] {
  const tops = new Map<string, number>();
  for (const [key, { values }] of lines) {
    const of = key.endsWith("/") ? key : key.slice(0, key.indexOf("/"));
    for (const value of values) tops.set(of, Math.max(tops.get(of) ?? 0, value ?? 0));
  }
  return tops;
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
