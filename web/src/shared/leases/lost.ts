import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

/** So long after a loss it is told: by then its instance is heard again, or is marked. */
const TOLD_MS = 15_000;

const said = z.object({ instance: z.string() });

/** When each instance (`service/instance`) lost a lease just now, and has neither been elected nor begun anew since; epoch milliseconds. */
export function lostLeases(events: readonly Event[], now: number): Map<string, number> {
  const lost = new Map<string, number>();
  const since = new Set<string>();
  for (const event of [...events].reverse()) {
    const at = Date.parse(event.time);
    if (now - at > TOLD_MS) break;
    if (event.kind === "INSTANCE" && shortType(event.type) === "registered") {
      since.add(event.aggregate.split(".").slice(1).join("/"));
    }
    if (event.kind !== "LEADERSHIP") continue;
    const parsed = said.safeParse(event.data);
    if (!parsed.success) continue;
    const id = `${event.service}/${parsed.data.instance}`;
    const type = shortType(event.type);
    if (type === "leader_elected") since.add(id);
    else if (type === "leader_lost" && !since.has(id) && !lost.has(id)) lost.set(id, at);
  }
  return lost;
}
