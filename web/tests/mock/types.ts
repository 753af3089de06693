import type { Instance, Leader } from "@/features/dashboard/documents";
import type { Event } from "@/features/events/documents";

export type { Event, Instance, Leader };

/** The numbers of the mock are small. */
type Small<T> = T extends bigint ? never : T extends object ? { [K in keyof T]: Small<T[K]> } : T;

/** Instances as the mock keeps them: with the fields of the schema that no screen asks for yet. */
export type MockInstance = Small<Instance> & { registeredAt: string; labels: Record<string, string> };
export type MockLeader = Small<Leader> & { asOfSequence: number };

export interface Change {
  changed: MockInstance[];
  removed: string[];
  events: Event[];
}
