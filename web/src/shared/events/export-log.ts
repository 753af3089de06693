import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { stringify } from "@/shared/graphql/exact";
import { type Event, type EventFilter, EventsAfter } from "./documents";

const PAGE = 500;
/** A browser keeps what it saves in memory: more than that is for the command line. */
export const EXPORT_MAX = 200_000;
/** A principal may spend so much in a second; a page of events costs a part of it. */
const PAUSE_MS = 100;

/** One event a line, its numbers as they are. */
export const line = (event: Event): string => `${stringify(event)}\n`;

interface Options {
  filter: EventFilter;
  onProgress: (count: number) => void;
  signal: AbortSignal;
}

/** All events of the filter, oldest first; or why they are not all. */
export async function exportLog({ filter, onProgress, signal }: Options): Promise<string[] | AppError> {
  const parts: string[] = [];
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
    parts.push(nodes.map(line).join(""));
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
