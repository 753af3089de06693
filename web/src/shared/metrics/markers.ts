import type { Marker } from "@/shared/chart/model";
import type { Event } from "@/shared/events/documents";
import { shortType, typeWords } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

const said = z.object({
  instance: z.nullish(z.string()),
  previous: z.nullish(z.string()),
  reason: z.nullish(z.string()),
});

const glyphs: Record<string, string> = {
  registered: "▲",
  configuration_reported: "◆",
  leader_resigned: "⇄",
  step_down_requested: "⇄",
  status_changed: "■",
  unhealthy: "■",
  recovered: "■",
  expired: "■",
  deregistered: "■",
  drain_requested: "■",
  defined: "●",
  amended: "●",
  retired: "●",
  reinstated: "●",
};

/** What each mark is. */
export const glyphKey = "▲ version, ◆ configuration, ⚑ failover, ⇄ handover, ■ state, ● definition";

/** A failover and a planned handover are elections with different reasons; the first owner of all is no event of note. */
function glyphOf(event: Event): string | null {
  const type = shortType(event.type);
  if (type !== "leader_elected") return glyphs[type] ?? null;
  const parsed = said.safeParse(event.data);
  const reason = parsed.success ? parsed.data.reason : null;
  if (reason === "owner_lost") return "⚑";
  return reason === "owner_resigned" ? "⇄" : null;
}

/** Events as marks on charts; with `instance` only those that are about it. */
export function markersOf(events: readonly Event[], instance: string | null): Marker[] {
  return events.flatMap((event) => {
    const glyph = glyphOf(event);
    if (glyph === null || (instance !== null && !concerns(event, instance))) return [];
    const text = `${typeWords(event.type)}: ${event.summary}`;
    return [{ at: Date.parse(event.time), glyph, text, sequence: event.sequence }];
  });
}

function concerns(event: Event, instance: string): boolean {
  if (event.kind === "DEFINITION") return true;
  if (event.kind === "INSTANCE") return event.aggregate === `instance.${event.service}.${instance}`;
  const parsed = said.safeParse(event.data);
  return parsed.success && (parsed.data.instance === instance || parsed.data.previous === instance);
}
