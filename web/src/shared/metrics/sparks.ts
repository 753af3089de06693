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
}

export const useSparks = create<SparkStore>(() => ({ lines: new Map() }));

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
  for (const { id, points, resolutionSeconds } of data?.sparklines ?? [])
    keep(id, gridded(points, to - SPAN_MS, to, resolutionSeconds * 1_000), to);
}

async function loadService(key: string, service: string): Promise<void> {
  const to = serverNow();
  const { data } = await client.query(CallsOverTime, { service, instance: null, ...spanOf(to) }).toPromise();
  if (!data) return;
  const { points, resolutionSeconds } = data.metrics;
  keep(key, gridded(points, to - SPAN_MS, to, resolutionSeconds * 1_000), to);
}

function keep(key: string, values: SparkLine["values"], at: number): void {
  useSparks.setState((s) => {
    const lines = new Map(s.lines);
    lines.delete(key);
    lines.set(key, { values, at });
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
