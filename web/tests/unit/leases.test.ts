import { describe, expect, it } from "vitest";
import type { Event } from "@/shared/events/documents";
import { lostLeases } from "@/shared/leases/lost";
import { World } from "../mock/world";

const NOW = Date.parse("2026-01-02T12:45:00Z");
const [sample] = new World({ now: () => NOW }).events as [Event];
const event = (secondsAgo: number, type: string, instance: string): Event => ({
  ...sample,
  kind: "LEADERSHIP",
  service: "desk",
  type: `aegis.leadership.${type}.v1`,
  time: new Date(NOW - secondsAgo * 1_000).toISOString(),
  data: { instance, term: 1 },
});

describe("leases that were lost", () => {
  it("are told of a while, of those who have not been elected since", () => {
    const events = [
      event(60, "leader_lost", "desk-0"),
      event(9, "leader_lost", "desk-1"),
      event(9, "leader_elected", "desk-2"),
      event(3, "leader_lost", "desk-2"),
      event(2, "leader_elected", "desk-1"),
    ];
    expect([...lostLeases(events, NOW)]).toEqual([["desk/desk-2", NOW - 3_000]]);
    expect(lostLeases(events, NOW + 60_000).size).toBe(0);
  });

  it("are none of an instance that has begun anew", () => {
    const anew = {
      ...event(2, "x", "desk-1"),
      kind: "INSTANCE",
      type: "aegis.instance.registered.v1",
    } as Event;
    const begun = { ...anew, aggregate: "instance.desk.desk-1" };
    const lost = event(5, "leader_lost", "desk-1");
    expect(lostLeases([lost, begun], NOW).size).toBe(0);
    expect(lostLeases([lost, { ...begun, aggregate: "instance.desk.desk-2" }], NOW).size).toBe(1);
  });

  it("are none of an instance whose earlier life had them, whenever that is recorded", () => {
    const anew = {
      ...event(8, "x", "desk-1"),
      kind: "INSTANCE",
      type: "aegis.instance.registered.v1",
      aggregate: "instance.desk.desk-1",
    } as Event;
    const term = (number: number, each: Event) => ({ ...each, data: { instance: "desk-1", term: number } });
    const lost = term(4, event(5, "leader_lost", "desk-1"));
    expect(lostLeases([term(4, event(70, "leader_elected", "desk-1")), anew, lost], NOW).size).toBe(0);
    expect(lostLeases([anew, lost], NOW).size, "its election is too long ago").toBe(0);
    const later = term(4, event(7, "leader_elected", "desk-1"));
    expect([...lostLeases([anew, later, lost], NOW)]).toEqual([["desk/desk-1", NOW - 5_000]]);
  });

  it("are not those that were given up", () => {
    expect(lostLeases([event(1, "leader_resigned", "desk-1")], NOW).size).toBe(0);
  });
});
