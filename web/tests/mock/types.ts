import type { Instance, Leader } from "@/features/dashboard/documents";
import type { Event } from "@/features/events/documents";

export type { Event, Instance, Leader };

/** Instances as the mock keeps them: with the fields of the schema that no screen asks for yet. */
export type MockInstance = Instance & { registeredAt: string; labels: Record<string, string> };
export type MockLeader = Leader & { asOfSequence: number };

export interface Change {
  changed: MockInstance[];
  removed: string[];
  events: Event[];
}
