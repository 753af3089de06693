import type { GroupOf } from "@/shared/attention/documents";
import type { Event } from "@/shared/events/documents";
import type { Instance } from "@/shared/instances/documents";

export type { Event, Instance };

/** The numbers of the mock are small. */
type Small<T> = T extends bigint ? never : T extends object ? { [K in keyof T]: Small<T[K]> } : T;

export type MockInstance = Small<Instance>;
export type MockLeader = Small<GroupOf> & { reason: string; vacancyMs: number | null; asOfSequence: number };

export interface Change {
  changed: MockInstance[];
  removed: string[];
  events: Event[];
}
