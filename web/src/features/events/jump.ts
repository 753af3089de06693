import { EventsAfter } from "@/shared/events/documents";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { type Whole, whole } from "@/shared/graphql/exact";
import { formatDay, type Zone } from "@/shared/time/format";
import { momentOf } from "@/shared/time/range";

/** What was typed: a sequence, or a moment in epoch milliseconds; null when it is neither. */
export function placeOf(
  typed: string,
  now: number,
  zone: Zone,
): { sequence: Whole } | { time: number } | null {
  const text = typed.trim();
  const digits = /^(?:s|seq ?)?(\d{1,20})$/i.exec(text)?.[1];
  if (digits) return { sequence: whole(digits) };
  const suffix = zone === "utc" ? "Z" : "";
  // A time alone is one of today.
  if (/^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text)) {
    const at = Date.parse(
      `${formatDay(now, zone)}T${text.padStart(text.split(":").length > 2 ? 8 : 5, "0")}${suffix}`,
    );
    return Number.isNaN(at) ? null : { time: at };
  }
  const day = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/.exec(text);
  const at = day ? Date.parse(`${day[1]}T${day[2]}${suffix}`) : momentOf(text, now);
  return at === null || Number.isNaN(at) ? null : { time: at };
}

/** The first event at this moment or later; null where there is none. */
export async function sequenceAt(time: number): Promise<Whole | null | AppError> {
  const filter = { from: new Date(time).toISOString() };
  const { data, error } = await client.query(EventsAfter, { first: 1, after: null, filter }).toPromise();
  if (error) return errorFromUrql(error);
  return data?.events.nodes[0]?.sequence ?? null;
}
