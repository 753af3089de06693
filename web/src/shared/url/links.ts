import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What every link keeps: the span of time, the moment that is looked at, and whose services are shown. */
const KEPT = ["from", "to", "at", "team"];

export const servicePath = (service: string): string => `/services/${encodeURIComponent(service)}`;

export const instancePath = (service: string, instance: string): string =>
  `${servicePath(service)}/instances/${encodeURIComponent(instance)}`;

export const groupPath = (service: string, group: string): string =>
  `/leadership/${encodeURIComponent(service)}/${encodeURIComponent(group)}`;

export const definitionPath = (service: string): string => `/definitions/${encodeURIComponent(service)}`;

/** No service is called so: names begin with a letter. */
export const newDefinitionPath = "/definitions/_new";

export const eventPath = (sequence: number | bigint | string): string => `/events/${sequence}`;

/** The events of a service within a time, in epoch milliseconds. */
export function eventsPath({ service, from, to }: { service: string; from: number; to: number }): string {
  const iso = (at: number): string => new Date(at).toISOString();
  return `/events?${new URLSearchParams({ service, from: iso(from), to: iso(to) })}`;
}

/** The path with what every link keeps. */
export function keeping(path: string, params: URLSearchParams): string {
  const [place = "", query = ""] = path.split("?", 2);
  const next = new URLSearchParams(query);
  for (const key of KEPT) {
    const value = params.get(key);
    if (value !== null && !next.has(key)) next.set(key, value);
  }
  const text = next.toString();
  return text === "" ? place : `${place}?${text}`;
}

export function useKeeping(): (path: string) => string {
  const [params] = useSearchParams();
  return useCallback((path: string) => keeping(path, params), [params]);
}
