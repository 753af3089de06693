import type { MockInstance } from "./types";

interface Part {
  service: string;
  count: number;
  version: string;
  callsPerSecond: number;
  p99Ms: number;
}

/** The services of the trading example, with more instances than it has, so that every state is on the page. */
export const parts: Part[] = [
  { service: "market-data-service", count: 2, version: "2.4.1", callsPerSecond: 1840, p99Ms: 1.8 },
  { service: "calculation-service", count: 4, version: "1.9.0", callsPerSecond: 412, p99Ms: 14.2 },
  { service: "algo-service", count: 3, version: "3.0.2", callsPerSecond: 96, p99Ms: 7.5 },
  { service: "trading-service", count: 3, version: "1.12.0", callsPerSecond: 238, p99Ms: 4.1 },
];

export const accounts = ["ACC-1", "ACC-2", "ACC-3"];

export function newInstance(
  service: string,
  instance: string,
  version: string,
  at: string,
  sequence: number,
): MockInstance {
  return {
    id: `${service}/${instance}`,
    service,
    instance,
    version,
    status: "RUNNING",
    reason: null,
    statusSince: at,
    registeredAt: at,
    groups: [],
    labels: { zone: "ldn-1" },
    defined: service !== "algo-service",
    flapping: false,
    clockOffsetSeconds: null,
    legacy: false,
    conflict: false,
    lastBeatAt: null,
    metrics: null,
    minute: null,
    asOfSequence: sequence,
  };
}
