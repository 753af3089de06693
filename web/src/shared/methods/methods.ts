import { compareNatural } from "@/shared/lib/utils";
import { beyondSince } from "@/shared/limits/since";
import type { Method } from "./documents";

export const methodOrders = ["errors", "calls", "p50", "p99", "flight", "name"] as const;
export type MethodOrder = (typeof methodOrders)[number];

export const roleWords: Record<Method["role"], string> = {
  SERVE: "serves",
  CALL: "calls",
  PUBLISH: "publishes",
  CONSUME: "handles",
};

type Figure = (method: Method) => number | null;

const figures: Record<Exclude<MethodOrder, "name">, Figure> = {
  errors: ({ minute }) => minute.errorPercent,
  calls: ({ minute }) => minute.callsPerSecond,
  p50: ({ minute }) => minute.p50Ms,
  p99: ({ minute }) => minute.p99Ms,
  flight: ({ inFlight }) => Number(inFlight),
};

/** The biggest first, what has no such figure last; names from A on. Equal ones by how often they are called. */
export function sortMethods(methods: readonly Method[], by: MethodOrder): Method[] {
  const figure = by === "name" ? null : figures[by];
  const value = (method: Method): number => figure?.(method) ?? -1;
  return [...methods].sort(
    (a, b) =>
      (figure === null ? 0 : value(b) - value(a)) ||
      (figure === null ? 0 : b.minute.callsPerSecond - a.minute.callsPerSecond) ||
      compareNatural(a.name, b.name) ||
      a.role.localeCompare(b.role),
  );
}

const SLICE_MS = 10_000;
const SLICES = 30;

/**
 * Calls a second in each slice of the last five minutes: where nothing ended the server tells nothing, and it was none. Of the
 * time before the first of them nothing is known.
 */
export function callsOf(trace: Method["trace"], now: number): (number | null)[] {
  const end = Math.floor(now / SLICE_MS);
  const values: (number | null)[] = new Array(SLICES).fill(0);
  for (const { at, calls } of trace) {
    const slot = SLICES - 1 - (end - 1 - Math.floor(Date.parse(at) / SLICE_MS));
    if (slot >= 0 && slot < SLICES) values[slot] = (Number(calls) * 1_000) / SLICE_MS;
  }
  const first = values.findIndex((value) => value !== 0);
  return values.map((value, slot) => (first >= 0 && slot < first ? null : value));
}

/** Since when more of the calls fail than is allowed: as far back as the slices of ten seconds tell, five minutes at most. */
export const failingSince = (
  trace: Method["trace"],
  limit: number | null,
  now: number,
): number | undefined =>
  limit === null
    ? undefined
    : (beyondSince(
        trace.map(({ at, calls, errors }) => ({
          at,
          p99Ms: null,
          errorPercent: Number(calls) === 0 ? null : (Number(errors) * 100) / Number(calls),
        })),
        "errors",
        limit,
        { stepMs: SLICE_MS, now },
      ) ?? undefined);

/** What failed most, by code: `TIMEOUT 3 · NOT_FOUND 1`. */
export const codesOf = (codes: Method["codes"]): string =>
  [...codes]
    .sort((a, b) => Number(b.count) - Number(a.count))
    .map(({ code, count }) => `${code} ${count}`)
    .join(" · ");
