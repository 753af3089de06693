import { describe, expect, it } from "vitest";
import type { Event } from "@/shared/events/documents";
import {
  hasGap,
  KEPT,
  type Stretch,
  unfollowed,
  withLive,
  withNewer,
  withOlder,
} from "@/shared/events/stretch";
import { World } from "../mock/world";

const [one] = new World({ now: () => 0 }).events as [Event];
const run = (from: number, to: number): Event[] =>
  Array.from({ length: to - from + 1 }, (_, n) => ({ ...one, sequence: from + n }));
const ends = ({ events, older, newer }: Stretch) => [
  events[0]?.sequence,
  events.at(-1)?.sequence,
  older,
  newer,
];
const full: Stretch = { events: run(20_001, 20_000 + KEPT), older: "20001", newer: null };

describe("a stretch of the log", () => {
  it("grows at both ends", () => {
    const begun: Stretch = { events: run(50, 60), older: "50", newer: "60" };
    expect(ends(withOlder(begun, run(40, 49), "40"))).toEqual([40, 60, "40", "60"]);
    expect(ends(withNewer(begun, run(61, 70), null))).toEqual([50, 70, "50", null]);
  });

  it("gives up at the other end what is more than is kept, and reads it again from there", () => {
    const older = withOlder(full, run(19_901, 20_000), "19901");
    expect(ends(older)).toEqual([19_901, 19_900 + KEPT, "19901", String(19_900 + KEPT)]);
    const back = withNewer(older, run(19_901 + KEPT, 20_000 + KEPT), null);
    expect(ends(back)).toEqual([20_001, 20_000 + KEPT, "20001", null]);
  });

  it("follows what arrives, but not at the cost of whoever reads further down", () => {
    const live = run(20_001 + KEPT, 20_010 + KEPT);
    expect(ends(withLive(full, live, false))).toEqual([20_011, 20_010 + KEPT, "20011", null]);
    expect(ends(withLive(full, live, true))).toEqual([20_001, 20_000 + KEPT, "20001", String(20_000 + KEPT)]);
    const small: Stretch = { events: run(1, 5), older: null, newer: null };
    expect(ends(withLive(small, run(6, 7), true))).toEqual([1, 7, null, null]);
    expect(ends(unfollowed(small))).toEqual([1, 5, null, "5"]);
  });
});

describe("a gap below the live tail", () => {
  it("is there when a full tail begins after what was known", () => {
    expect(hasGap(run(101, 110), 10, 99)).toBe(true);
    expect(hasGap(run(101, 110), 10, 101)).toBe(false);
    expect(hasGap(run(101, 109), 10, 99)).toBe(false);
    expect(hasGap([], 10, 0)).toBe(false);
  });
});
