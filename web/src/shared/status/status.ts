import type { Instance } from "@/shared/instances/documents";

export type InstanceStatus = Instance["status"];

/** Worst first, as lists of instances are ordered. */
export const statuses: readonly InstanceStatus[] = [
  "FAILED",
  "EXPIRED",
  "UNHEALTHY",
  "UNKNOWN",
  "STOPPING",
  "DRAINING",
  "STARTING",
  "INIT",
  "RUNNING",
  "STOPPED",
];

export const rankOf = (status: InstanceStatus): number => statuses.indexOf(status);

/** What an operator makes of a state. */
export type Meaning = "attention" | "planned" | "fine" | "gone";

const meanings: Record<InstanceStatus, Meaning> = {
  FAILED: "attention",
  EXPIRED: "attention",
  UNHEALTHY: "attention",
  UNKNOWN: "attention",
  STOPPING: "planned",
  DRAINING: "planned",
  STARTING: "planned",
  INIT: "planned",
  RUNNING: "fine",
  STOPPED: "gone",
};

export const meaningOf = (status: InstanceStatus): Meaning => meanings[status];

/** Its life is over: figures are of the past, and it owns nothing. */
export const hasEnded = (status: InstanceStatus): boolean =>
  status === "FAILED" || status === "EXPIRED" || status === "STOPPED";

/** No heartbeat is to be expected of it now, or none comes. */
export const isSilent = (status: InstanceStatus): boolean => hasEnded(status) || status === "UNHEALTHY";

export const words: Record<InstanceStatus, string> = {
  FAILED: "Failed",
  EXPIRED: "Expired",
  UNHEALTHY: "Unhealthy",
  UNKNOWN: "Unknown",
  STOPPING: "Stopping",
  DRAINING: "Draining",
  STARTING: "Starting",
  INIT: "Init",
  RUNNING: "Running",
  STOPPED: "Stopped",
};
