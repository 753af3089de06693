import { type Event, EventHistory, EventsAfter } from "@/shared/events/documents";
import { typeWords } from "@/shared/events/kinds";
import { client } from "@/shared/graphql/client";
import { markTypes } from "./marks";

/** `12:45:26, sequence 35, owner elected ACC-3`. */
export function spoken({ sequence, type, aggregate, service }: Event, time: string): string {
  const name = service === null ? "" : aggregate.slice(aggregate.indexOf(`.${service}`) + service.length + 2);
  return [
    time,
    `sequence ${sequence}`,
    `${typeWords(type).toLowerCase()} ${name || (service ?? "")}`.trim(),
  ].join(", ");
}

/** The last event that was recorded by then; the first of the log where there was none. */
export async function sequenceBefore(time: number): Promise<number> {
  const filter = { to: new Date(time).toISOString() };
  const { data } = await client.query(EventHistory, { last: 1, before: null, filter }).toPromise();
  return Number(data?.events.nodes[0]?.sequence ?? 1);
}

/** The next event of note on either side. */
export async function markFrom(at: number, back: boolean): Promise<Event | undefined> {
  const filter = { types: [...markTypes] };
  const { data } = back
    ? await client.query(EventHistory, { last: 1, before: String(at), filter }).toPromise()
    : await client.query(EventsAfter, { first: 1, after: String(at), filter }).toPromise();
  return data?.events.nodes[0];
}
