import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

/** So long after a loss it is told: by then its instance is heard again, or is marked. */
const TOLD_MS = 15_000;
/** So long after the end of a life the loss of its leases is recorded, at the latest. */
const LATE_MS = 90_000;

const said = z.object({ instance: z.string(), term: z.optional(z.union([z.number(), z.bigint()])) });

/** A loss whose instance is not known to have begun anew before it. */
interface Loss {
  id: string;
  /** The group and the term that was lost. */
  of: string;
  at: number;
}

/**
 * When each instance (`service/instance`) lost a lease just now, and has neither been elected nor begun anew since; epoch
 * milliseconds. The lease that an earlier life of it had is none of its own, though the loss is recorded later than its
 * beginning.
 */
export function lostLeases(events: readonly Event[], now: number): Map<string, number> {
  const since = new Set<string>();
  const own: Loss[] = [];
  let open: Loss[] = [];
  for (const event of [...events].reverse()) {
    const at = Date.parse(event.time);
    if (now - at > LATE_MS || (now - at > TOLD_MS && open.length === 0)) break;
    if (event.kind === "INSTANCE" && shortType(event.type) === "registered") {
      const id = event.aggregate.split(".").slice(1).join("/");
      since.add(id);
      open = open.filter((loss) => loss.id !== id);
    }
    if (event.kind !== "LEADERSHIP") continue;
    const parsed = said.safeParse(event.data);
    if (!parsed.success) continue;
    const id = `${event.service}/${parsed.data.instance}`;
    const of = `${event.aggregate} ${parsed.data.term}`;
    const type = shortType(event.type);
    if (type === "leader_elected") {
      since.add(id);
      own.push(...open.filter((loss) => loss.id === id && loss.of === of));
      open = open.filter((loss) => loss.of !== of || loss.id !== id);
    } else if (type === "leader_lost" && !since.has(id) && now - at <= TOLD_MS) open.push({ id, of, at });
  }
  const lost = new Map<string, number>();
  for (const { id, at } of [...own, ...open]) lost.set(id, Math.max(lost.get(id) ?? 0, at));
  return lost;
}
