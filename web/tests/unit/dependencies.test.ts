import { describe, expect, it } from "vitest";
import { edgePath, placesOf } from "@/features/service/dependencies/map-places";
import { type Neighbour, neighbourOf, worstFirst } from "@/features/service/dependencies/neighbours";
import type { Near } from "@/features/service/documents";

const near = (change: Partial<Near> = {}): Near => ({
  name: "desk",
  worst: "RUNNING",
  reason: null,
  instance: "desk-1",
  flapping: 0,
  belowMinimum: false,
  ownerless: 0,
  dependsOn: [],
  usedBy: [],
  definition: null,
  counts: [{ status: "RUNNING", count: 3 }],
  minute: { callsPerSecond: 2, p99Ms: 12, errorPercent: null },
  ...change,
});

describe("a service beside another", () => {
  it("that is well says how many run, with its figures", () => {
    const found = neighbourOf("desk", near());
    expect(found).toMatchObject({ status: "RUNNING", needs: false, cause: "3 running", p99Ms: 12 });
  });

  it("says what is wrong there, all of it", () => {
    const found = neighbourOf(
      "desk",
      near({
        worst: "UNHEALTHY",
        reason: "missed 3 heartbeats",
        belowMinimum: true,
        definition: { minInstances: 4 },
        ownerless: 1,
      }),
    );
    expect(found.needs).toBe(true);
    expect(found.cause).toBe(
      "3 of at least 4 running; desk-1 unhealthy: missed 3 heartbeats; 1 group without owner",
    );
  });

  it("of which nothing is known is not called fine", () => {
    expect(neighbourOf("gone", null)).toMatchObject({ status: null, callsPerSecond: null });
  });

  it("comes first when it needs somebody", () => {
    const bad = neighbourOf("z", near({ worst: "FAILED" }));
    expect(worstFirst([neighbourOf("a", near()), bad]).map(({ name }) => name)).toEqual(["z", "a"]);
  });
});

describe("the map", () => {
  const of = (name: string): Neighbour => neighbourOf(name, near());
  const { places, height } = placesOf(
    { own: of("own"), usedBy: [of("caller")], calls: [of("one"), of("two"), of("three")] },
    900,
  );
  const place = (name: string) => {
    const found = places.find((each) => each.of.name === name);
    if (!found) throw new Error(name);
    return found;
  };

  it("has callers on the left and what is called on the right, none over another", () => {
    expect(place("caller").x + place("caller").wide).toBeLessThan(place("own").x);
    expect(place("own").x + place("own").wide).toBeLessThan(place("one").x);
    expect(place("two").y).toBeGreaterThanOrEqual(place("one").y + place("one").high);
    expect(place("three").y + place("three").high).toBeLessThanOrEqual(height);
    expect(place("three").x + place("three").wide).toBeLessThanOrEqual(900);
  });

  it("has an arrow from the caller to what it calls", () => {
    const [from, to] = [place("own"), place("two")];
    expect(edgePath(from, to).startsWith(`M${from.x + from.wide} `)).toBe(true);
    expect(edgePath(from, to)).toContain(` ${to.x - 1} `);
  });
});
