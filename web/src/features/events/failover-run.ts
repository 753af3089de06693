import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

/** Groups that went from one owner, recorded in a row. */
export interface FailoverRun {
  service: string;
  /** Who owned them. */
  from: string;
  /** Who owns them now, each once. */
  to: readonly string[];
  groups: readonly string[];
  longestGapMs: number | null;
  /** Given up, not lost. */
  planned: boolean;
  /** All of it, oldest first. */
  events: readonly Event[];
}

/** What the log has, oldest first: stretches that belong to one failover, and the events between them. */
export type Stretch = { failover: FailoverRun } | { events: readonly Event[] };

const body = z.object({
  instance: z.string(),
  previous: z.nullish(z.string()),
  reason: z.nullish(z.string()),
  vacancy_ms: z.nullish(z.union([z.number(), z.bigint()])),
});

/** Of different causes beyond that. */
const TOGETHER_MS = 30_000;

interface Step {
  from: string;
  to: string | null;
  gapMs: number | null;
  lost: boolean;
}

/** Read once of each event: a list of thousands is laid out again with each page that it grows by. */
const steps = new WeakMap<Event, Step | null>();

/** A loss, a resignation, or an election after one; null for everything else. */
function stepOf(event: Event): Step | null {
  if (event.kind !== "LEADERSHIP") return null;
  const known = steps.get(event);
  if (known !== undefined) return known;
  const step = read(event);
  steps.set(event, step);
  return step;
}

function read({ type, data }: Event): Step | null {
  const parsed = body.safeParse(data);
  if (!parsed.success) return null;
  const { instance, previous, reason, vacancy_ms } = parsed.data;
  const short = shortType(type);
  if (short === "leader_lost" || short === "leader_resigned") {
    return { from: instance, to: null, gapMs: null, lost: short === "leader_lost" };
  }
  if (short !== "leader_elected" || !previous) return null;
  const gapMs = vacancy_ms === null || vacancy_ms === undefined ? null : Number(vacancy_ms);
  return { from: previous, to: instance, gapMs, lost: reason === "owner_lost" };
}

const groupOf = ({ aggregate, service }: Event): string =>
  aggregate.slice(`leadership.${service ?? ""}.`.length);

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** Several groups that left one owner are one stretch; a single group stays as its events. */
export function stretchesOf(events: readonly Event[]): Stretch[] {
  const stretches: Stretch[] = [];
  let run: { event: Event; step: Step }[] = [];
  // Those of the stretch that is last, as long as no failover is.
  let between: Event[] | null = null;
  const plain = (event: Event): void => {
    if (between) {
      between.push(event);
      return;
    }
    between = [event];
    stretches.push({ events: between });
  };
  const flush = (): void => {
    const [first] = run;
    const all = run.map(({ event }) => event);
    const groups = unique(all.map(groupOf));
    if (first?.event.service && groups.length > 1) {
      const taken = run.map(({ step }) => step);
      const gaps = taken.flatMap(({ gapMs }) => (gapMs === null ? [] : [gapMs]));
      stretches.push({
        failover: {
          service: first.event.service,
          from: first.step.from,
          to: unique(taken.flatMap(({ to }) => (to === null ? [] : [to]))),
          groups,
          longestGapMs: gaps.length === 0 ? null : Math.max(...gaps),
          planned: !taken.some(({ lost }) => lost),
          events: all,
        },
      });
      between = null;
    } else all.forEach(plain);
    run = [];
  };
  for (const event of events) {
    const step = stepOf(event);
    const last = run.at(-1);
    const goesOn =
      step !== null &&
      last !== undefined &&
      step.from === last.step.from &&
      event.service === last.event.service &&
      Date.parse(event.time) - Date.parse(last.event.time) < TOGETHER_MS;
    if (!goesOn) flush();
    if (step) run.push({ event, step });
    else plain(event);
  }
  flush();
  return stretches;
}
