import { describe, expect, it } from "vitest";
import { chainAround, eventsOf, type Link, type Lookup } from "@/features/events/chain";
import { barsOf, countsOf, spanBetween, spoken } from "@/features/events/density";
import { stretchesOf } from "@/features/events/failover-run";
import { diffJson, leavesOf } from "@/features/events/json-diff";
import { placeOf } from "@/features/events/jump";
import { rowsOf } from "@/features/events/rows";
import { chipsOf, excluding, including } from "@/features/events/value-filters";
import { eventsShape, matches, noFilter, toServer } from "@/features/events/view-state";
import type { Event } from "@/shared/events/documents";
import { line } from "@/shared/events/export-log";
import { searchOf } from "@/shared/saved-views/store";
import { readUrl, writeUrl } from "@/shared/url/codec";

const event = (sequence: number, over: Partial<Event> = {}): Event => ({
  id: `e-${sequence}`,
  sequence,
  type: "aegis.instance.registered.v1",
  kind: "INSTANCE",
  aggregate: `instance.desk.desk-${sequence}`,
  service: "desk",
  aggregateVersion: 1,
  time: "2026-01-02T03:04:05.000Z",
  recordedAt: "2026-01-02T03:04:05.001Z",
  actor: "user:alice",
  correlationId: null,
  causationId: null,
  summary: `desk-${sequence} registered`,
  data: {},
  ...over,
});

describe("filters by value", () => {
  it("include, and drop what excluded the same", () => {
    const view = { ...noFilter, "not.type": ["a"] };
    expect(including(view, "type", "a")).toEqual({ type: ["a"], "not.type": [] });
    expect(including(noFilter, "service", "desk")).toEqual({ service: "desk", "not.service": [] });
  });

  it("exclude, and drop what included the same", () => {
    const view = { ...noFilter, service: "desk" };
    expect(excluding(view, "service", "desk")).toEqual({ service: "", "not.service": ["desk"] });
    expect(excluding(view, "aggregate", "x")).toEqual({});
  });

  it("hold for live events as they do on the server", () => {
    expect(matches(event(1), { ...noFilter, "not.service": ["desk"] })).toBe(false);
    expect(matches(event(1), { ...noFilter, type: ["aegis.instance.registered.v1"] })).toBe(true);
    expect(matches(event(1), { ...noFilter, causation: "e-0" })).toBe(false);
    expect(matches(event(1, { service: null }), { ...noFilter, "not.service": ["desk"] })).toBe(true);
  });

  it("go to the server without what says nothing", () => {
    const view = { ...noFilter, q: "a", "not.actor": ["user:bob"] };
    expect(toServer(view, null)).toEqual({ text: "a", not: { actors: ["user:bob"] } });
    expect(toServer(noFilter, { from: 0, to: 1_000 })).toEqual({
      from: "1970-01-01T00:00:00.000Z",
      to: "1970-01-01T00:00:01.000Z",
    });
  });

  it("stand in the address, each value by itself, and are read back", () => {
    const written = writeUrl(eventsShape, new URLSearchParams("from=now-1h"), {
      "not.type": ["a", "b"],
      kind: ["LEADERSHIP"],
    });
    expect(String(written)).toBe("from=now-1h&not.type=a&not.type=b&kind=LEADERSHIP");
    expect(readUrl(eventsShape, written)["not.type"]).toEqual(["a", "b"]);
  });

  it("are chips, each of which can be taken away", () => {
    const view = { ...noFilter, kind: ["LEADERSHIP" as const], "not.service": ["desk", "echo"] };
    expect(chipsOf(view).map(({ text, not, without }) => [text, not, without])).toEqual([
      ["Kind Leadership", false, { kind: [] }],
      ["Service desk", true, { "not.service": ["echo"] }],
      ["Service echo", true, { "not.service": ["desk"] }],
    ]);
  });
});

describe("the rows", () => {
  const many = [1, 2, 3, 4].map((sequence) => event(sequence));

  it("fold a run, and show each of it when it is opened", () => {
    const folded = rowsOf(many, new Set(), "utc");
    expect(folded.map(({ kind }) => kind)).toEqual(["day", "run"]);
    const key = folded[1]?.key ?? "";
    const opened = rowsOf([...many, event(5)], new Set([key]), "utc");
    expect(opened.map(({ kind }) => kind)).toEqual(["day", "run", ...Array(5).fill("event")]);
  });

  it("begin each day with a line", () => {
    const rows = rowsOf([event(1, { time: "2026-01-01T23:59:59Z" }), event(2)], new Set(), "utc");
    expect(rows.map((row) => (row.kind === "day" ? row.day : row.key))).toEqual([
      "2026-01-02",
      "2",
      "2026-01-01",
      "1",
    ]);
  });
});

describe("a jump", () => {
  const now = Date.parse("2026-01-02T12:00:00Z");
  it.each([
    ["365", { sequence: 365 }],
    ["s365", { sequence: 365 }],
    ["seq 365", { sequence: 365 }],
    ["9007199254740993", { sequence: 9007199254740993n }],
    ["3:04", { time: Date.parse("2026-01-02T03:04:00Z") }],
    ["12:45:26.547", { time: Date.parse("2026-01-02T12:45:26.547Z") }],
    ["2026-01-01 12:45", { time: Date.parse("2026-01-01T12:45:00Z") }],
    ["now-10m", { time: now - 600_000 }],
    ["tomorrow", null],
    ["25:99", null],
  ])("to %s", (typed, place) => {
    expect(placeOf(typed, now, "utc")).toEqual(place);
  });
});

describe("density", () => {
  const window = { from: 0, to: 100_000 };
  const buckets = [
    { at: new Date(0).toISOString(), count: 1, types: [{ type: "a", count: 1 }] },
    {
      at: new Date(50_000).toISOString(),
      count: 4,
      types: [
        { type: "a", count: 3 },
        { type: "b", count: 1 },
      ],
    },
  ];

  it("is a bar for each part, the highest as high as the strip", () => {
    const bars = barsOf(buckets, 10, window);
    expect(bars.map(({ x, height }) => [x, height])).toEqual([
      [0, 0.25],
      [0.5, 1],
    ]);
    expect(spoken(bars)).toBe("5 events, at most 4 in one part");
    expect([...countsOf(buckets)]).toEqual([
      ["a", 4],
      ["b", 1],
    ]);
  });

  it("is dragged over in either direction, and a click limits nothing", () => {
    expect(spanBetween(0.5, 0.2, window)).toEqual({ from: 20_000, to: 50_000 });
    expect(spanBetween(0.5, 0.5, window)).toBeNull();
  });
});

/** Finds what is tied together, and notes what it was asked. */
function lookup(all: readonly Event[]): Lookup & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    byId: async (id) => all.find((each) => each.id === id) ?? null,
    effectsOf: async (id) => {
      asked.push(id);
      return all.filter((each) => each.causationId === id);
    },
  };
}

const tree = ({ event: { sequence }, effects }: Link): unknown[] => [sequence, ...effects.map(tree)];

describe("cause and effects", () => {
  it("are a tree from the first cause on, with all effects of each", async () => {
    const all = [
      event(1, { causationId: "request-7" }),
      event(2, { causationId: "e-1" }),
      event(3, { causationId: "e-2" }),
      event(4, { causationId: "e-1" }),
      event(5, { causationId: "e-3" }),
    ];
    const chain = await chainAround(all[2] as Event, lookup(all));
    expect(tree(chain.root)).toEqual([1, [2, [3, [5]]], [4]]);
    expect(eventsOf(chain.root)).toHaveLength(5);
    expect(chain).toMatchObject({ origin: "request-7", cut: false });
  });

  it("end where causes go in circles", async () => {
    const circle = [event(1, { causationId: "e-2" }), event(2, { causationId: "e-1" })];
    const chain = await chainAround(circle[0] as Event, lookup(circle));
    expect(eventsOf(chain.root).map(({ sequence }) => sequence)).toEqual([2, 1]);
    expect(chain.origin).toBeNull();
  });

  it("say when there may be more, and ask no more than a bound", async () => {
    const all = Array.from({ length: 60 }, (_, n) =>
      event(n + 1, { causationId: n === 0 ? null : `e-${n}` }),
    );
    const found = lookup(all);
    const chain = await chainAround(all[0] as Event, found);
    expect(chain.cut).toBe(true);
    expect(found.asked).toHaveLength(40);
  });
});

describe("a failover", () => {
  const leadership = (sequence: number, group: string, type: string, data: object): Event =>
    event(sequence, {
      type: `aegis.leadership.${type}.v1`,
      kind: "LEADERSHIP",
      aggregate: `leadership.desk.${group}`,
      data,
    });
  const lost = (sequence: number, group: string) =>
    leadership(sequence, group, "leader_lost", { instance: "desk-1", term: 1 });
  const elected = (sequence: number, group: string, gap: number) =>
    leadership(sequence, group, "leader_elected", {
      instance: "desk-2",
      previous: "desk-1",
      reason: "owner_lost",
      vacancy_ms: gap,
    });
  const both = [lost(2, "A"), elected(3, "A", 900), lost(4, "B"), elected(5, "B", 1_010)];

  it("of several groups is one stretch, with the longest gap", () => {
    const stretches = stretchesOf([event(1), ...both, event(6)]);
    expect(stretches.map((each) => ("failover" in each ? "failover" : each.events.length))).toEqual([
      1,
      "failover",
      1,
    ]);
    expect(stretches[1]).toMatchObject({
      failover: { from: "desk-1", to: ["desk-2"], groups: ["A", "B"], longestGapMs: 1_010, planned: false },
    });
  });

  it("of one group stays as its events, and so does what belongs to two owners", () => {
    expect(stretchesOf(both.slice(0, 2))).toEqual([{ events: both.slice(0, 2) }]);
    const other = leadership(4, "B", "leader_lost", { instance: "desk-9" });
    expect(stretchesOf([lost(2, "A"), other]).every((each) => "events" in each)).toBe(true);
  });

  it("is a handover where nobody was lost", () => {
    const resigned = (sequence: number, group: string) =>
      leadership(sequence, group, "leader_resigned", { instance: "desk-1" });
    expect(stretchesOf([resigned(1, "A"), resigned(2, "B")])[0]).toMatchObject({
      failover: { planned: true, to: [], longestGapMs: null },
    });
  });

  it("is one row, newest first, and opens", () => {
    const folded = rowsOf([event(1), ...both], new Set(), "utc");
    expect(folded.map(({ kind }) => kind)).toEqual(["day", "failover", "event"]);
    const opened = rowsOf([event(1), ...both], new Set([folded[1]?.key ?? ""]), "utc");
    expect(opened.flatMap((row) => (row.kind === "event" ? [row.event.sequence] : []))).toEqual([
      5, 4, 3, 2, 1,
    ]);
  });
});

describe("before and after", () => {
  it("differ by path, and what says nothing is as if it were not there", () => {
    const before = { a: 1, list: [{ b: "x" }], gone: true };
    const after = { a: 2, list: [{ b: "x" }, { b: "y" }], none: null, empty: [] };
    expect(diffJson(before, after)).toEqual([
      { path: "a", before: "1", after: "2" },
      { path: "gone", before: "true", after: null },
      { path: "list[1].b", before: null, after: "y" },
    ]);
    expect(diffJson(null, { a: 1 })).toEqual([{ path: "a", before: null, after: "1" }]);
  });

  it("keep the digits of whole numbers", () => {
    expect(leavesOf({ id: 9007199254740993n })).toEqual([["id", "9007199254740993"]]);
    expect(line(event(9007199254740993n as never))).toContain('"sequence":9007199254740993');
  });
});

describe("saved views", () => {
  it("keep the address but for what is looked at just now", () => {
    expect(searchOf(new URLSearchParams("kind=LEADERSHIP&event=3&from=now-1h"), ["event"])).toBe(
      "kind=LEADERSHIP&from=now-1h",
    );
  });
});
