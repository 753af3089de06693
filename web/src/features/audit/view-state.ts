import type { Event, EventFilter } from "@/shared/events/documents";
import type { Window } from "@/shared/time/range";
import { oneOf, text, type Values } from "@/shared/url/codec";
import { actionTypes } from "./deeds";

/** What of the audit stands in the address; the span of time stands there for the whole page. */
export const auditShape = { q: text, actor: text, action: oneOf(["", ...actionTypes], "") };

type View = Values<typeof auditShape>;

export const isFiltered = ({ q, actor, action }: View): boolean => q !== "" || actor !== "" || action !== "";

export function toServer({ q, actor, action }: View, span: Window | null): EventFilter {
  return {
    types: action === "" ? [...actionTypes] : [action],
    ...(actor !== "" && { actor }),
    ...(q !== "" && { text: q }),
    ...(span && { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() }),
  };
}

/** The same rule for what arrives live. */
export function takes({ q, actor, action }: View, event: Event): boolean {
  if (!actionTypes.includes(event.type) || (action !== "" && event.type !== action)) return false;
  if (actor !== "" && event.actor !== actor) return false;
  const needle = q.toLowerCase();
  return [event.summary, event.type, event.aggregate].some((hay) => hay.toLowerCase().includes(needle));
}
