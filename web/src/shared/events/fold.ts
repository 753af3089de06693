import type { Event } from "./documents";
import { shortType } from "./kinds";

/** One line of a list of events: an event, or a run of events of one type and service. */
export interface FeedLine {
  key: string;
  /** The newest of the run. */
  event: Event;
  count: number;
  /** What they are about, oldest first. */
  names: readonly string[];
  /** All of it, newest first. */
  run: readonly Event[];
}

/** Beyond that many, a run is one line. */
const RUN = 3;

const nameOf = ({ aggregate, service }: Event): string =>
  service === null ? aggregate : aggregate.slice(aggregate.indexOf(`.${service}.`) + service.length + 2);

/** How soon an election follows the loss that it is recorded with. */
const TOGETHER_MS = 2_000;

/** Without the losses that an election followed at once: the election says all of it. For feeds; a list shows everything. */
export function withoutHealed(events: readonly Event[]): Event[] {
  const elected = new Map<string, number>();
  const kept: Event[] = [];
  for (const event of [...events].reverse()) {
    const type = shortType(event.type);
    const at = Date.parse(event.time);
    if (type === "leader_elected") elected.set(event.aggregate, at);
    const next = elected.get(event.aggregate);
    const healed = type === "leader_lost" && next !== undefined && next - at < TOGETHER_MS;
    if (!healed) kept.push(event);
  }
  return kept.reverse();
}

/** Newest first; runs of one type and service folded into one line. */
export function foldRuns(events: readonly Event[]): FeedLine[] {
  const lines: FeedLine[] = [];
  let run: Event[] = [];
  const flush = (): void => {
    const newest = run[0];
    if (newest && run.length >= RUN) {
      lines.push({
        key: `run ${newest.sequence}`,
        event: newest,
        count: run.length,
        names: [...run].reverse().map(nameOf),
        run,
      });
    } else {
      for (const event of run)
        lines.push({ key: String(event.sequence), event, count: 1, names: [nameOf(event)], run: [event] });
    }
    run = [];
  };
  for (const event of [...events].reverse()) {
    const [first] = run;
    if (first && (shortType(first.type) !== shortType(event.type) || first.service !== event.service))
      flush();
    run.push(event);
  }
  flush();
  return lines;
}
