import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { stringify } from "@/shared/graphql/exact";
import { csvOf } from "@/shared/lib/csv";
import { type Event, type EventFilter, EventsAfter } from "./documents";

const PAGE = 500;
/** A browser keeps what it saves in memory: more than that is for the command line. */
export const EXPORT_MAX = 200_000;
/** A principal may spend so much in a second; a page of events costs a part of it. */
const PAUSE_MS = 100;

export type Form = "ndjson" | "csv";

/** One event a line, its numbers as they are. */
export const line = (event: Event): string => `${stringify(event)}\n`;

const HEAD = [
  "sequence",
  "time",
  "recorded",
  "type",
  "aggregate",
  "version of it",
  "service",
  "actor",
  "summary",
  "correlation",
  "cause",
  "id",
  "data",
];

/** The same as a line of a table. */
const row = (event: Event) => [
  event.sequence,
  event.time,
  event.recordedAt,
  event.type,
  event.aggregate,
  event.aggregateVersion,
  event.service,
  event.actor,
  event.summary,
  event.correlationId,
  event.causationId,
  event.id,
  stringify(event.data) ?? null,
];

const heads: Record<Form, string> = { ndjson: "", csv: csvOf([HEAD]) };

const written = (events: readonly Event[], form: Form): string =>
  form === "csv" ? csvOf(events.map(row)) : events.map(line).join("");

interface Options {
  filter: EventFilter;
  form: Form;
  onProgress: (count: number) => void;
  signal: AbortSignal;
}

/** All events of the filter, oldest first; or why they are not all. */
export async function exportLog({ filter, form, onProgress, signal }: Options): Promise<string[] | AppError> {
  const parts: string[] = [heads[form]];
  let after: string | null = null;
  for (let count = 0; count < EXPORT_MAX && !signal.aborted; ) {
    const { data, error }: Awaited<ReturnType<typeof page>> = await page(after, filter);
    if (!data) {
      const told = error ? errorFromUrql(error) : null;
      if (told?.code === "RATE_LIMITED") {
        await rest(1_000);
        continue;
      }
      return told ?? { code: "UNREACHABLE", message: "no answer", requestId: null, retryable: true };
    }
    const { nodes, pageInfo } = data.events;
    parts.push(written(nodes, form));
    count += nodes.length;
    onProgress(count);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
    await rest(PAUSE_MS);
  }
  return parts;
}

const page = (after: string | null, filter: EventFilter) =>
  client.query(EventsAfter, { first: PAGE, after, filter }).toPromise();

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
