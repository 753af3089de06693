import { flag, text, type Values } from "@/shared/url/codec";
import type { Definition } from "./documents";

/** What of the list of definitions stands in the address. */
export const definitionsShape = { q: text, retired: flag };

type View = Values<typeof definitionsShape>;

export function takes({ q, retired }: View, definition: Definition): boolean {
  if (!retired && definition.status === "RETIRED") return false;
  const needle = q.toLowerCase();
  const { service, owner, description, version } = definition;
  return [service, owner, description, version].some((hay) => hay.toLowerCase().includes(needle));
}
