import { shortType } from "@/shared/events/kinds";

/** What is of note on the track, by its type. */
const glyphs: Readonly<Record<string, string>> = {
  "aegis.leadership.leader_lost.v1": "⚑",
  "aegis.leadership.leader_resigned.v1": "⇄",
  "aegis.instance.unhealthy.v1": "■",
  "aegis.instance.expired.v1": "■",
  "aegis.instance.drain_requested.v1": "■",
  "aegis.installation.self_preservation_entered.v1": "■",
  "aegis.installation.maintenance_begun.v1": "■",
  "aegis.installation.switchover_begun.v1": "⇄",
  "aegis.definition.defined.v1": "●",
  "aegis.definition.amended.v1": "●",
  "aegis.definition.retired.v1": "●",
  "aegis.definition.reinstated.v1": "●",
};

export const markTypes: readonly string[] = Object.keys(glyphs);

export const glyphOf = (type: string): string | null => glyphs[type] ?? null;

/** Whether a bar with it needs somebody. */
export const isBad = (type: string): boolean =>
  ["leader_lost", "expired", "self_preservation_entered"].includes(shortType(type));
