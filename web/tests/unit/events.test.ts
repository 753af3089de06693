import { describe, expect, it } from "vitest";
import { matches, noFilter } from "@/features/events/view-state";
import type { Event } from "@/shared/events/documents";
import { shortType, typeWords } from "@/shared/events/kinds";
import { emptyTail, extend, merge } from "@/shared/events/log";
import { World } from "../mock/world";

const log = new World({ now: () => 0 }).events;
const at = (...sequences: number[]): Event[] =>
  sequences.flatMap((sequence) => log.filter((event) => event.sequence === sequence));
const sequences = (events: readonly Event[]) => events.map((event) => event.sequence);

describe("merging runs of events", () => {
  it("shows each sequence once, in order", () => {
    expect(sequences(merge(at(1, 2, 3), at(3, 4)))).toEqual([1, 2, 3, 4]);
    expect(sequences(merge(at(5, 6), at(1, 2)))).toEqual([1, 2, 5, 6]);
    expect(sequences(merge([], at(1)))).toEqual([1]);
  });

  it("keeps the same list when nothing is new", () => {
    const known = at(1, 2, 3);
    expect(merge(known, at(2, 3))).toBe(known);
    expect(merge(known, [])).toBe(known);
  });
});

describe("the live tail", () => {
  it("moves its cursor with what it has seen, also without events", () => {
    const first = extend(emptyTail, at(3, 2, 1), 3, 100);
    expect(sequences(first.events)).toEqual([1, 2, 3]);
    expect(first.cursor).toBe(3);
    expect(extend(first, [], 9, 100).cursor).toBe(9);
    expect(extend(first, at(2), 2, 100).cursor).toBe(3);
  });

  it("drops the oldest beyond its capacity", () => {
    expect(sequences(extend(emptyTail, at(1, 2, 3, 4), 4, 3).events)).toEqual([2, 3, 4]);
  });
});

describe("event types", () => {
  it("are read in words, whatever their version", () => {
    expect(shortType("aegis.leadership.leader_elected.v12")).toBe("leader_elected");
    expect(typeWords("aegis.leadership.leader_elected.v1")).toBe("Owner elected");
    expect(typeWords("unknown")).toBe("Unknown");
  });
});

describe("the filter for live events", () => {
  it("looks for text in summary, type and aggregate", () => {
    const [registered] = at(1);
    if (!registered) throw new Error("the mock world begins with an event");
    const hit = (q: string) => matches(registered, { ...noFilter, q });
    expect([hit("REGISTERED"), hit("aegis.instance"), hit("market-data-service-1"), hit("leader")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(matches(registered, { ...noFilter, kind: ["LEADERSHIP"] })).toBe(false);
    expect(matches(registered, { ...noFilter, service: "algo-service" })).toBe(false);
  });
});
