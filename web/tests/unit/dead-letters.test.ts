import { describe, expect, it } from "vitest";
import { decisionsOf } from "@/features/dead-letters/decided";
import { causeOf, groupsOf, letterHas, letterKey, previewOf } from "@/features/dead-letters/letters";
import { pretty } from "@/features/dead-letters/payload";

const letter = (sequence: number, over: object = {}) => ({
  sequence,
  subject: "aegis.dead.message.trading.1-1",
  kind: "message",
  reason: `the handler failed 5 times: no such desk "D-${sequence}"`,
  originalSubject: "events.trade.booked",
  originalStream: "TRADES",
  originalSequence: sequence,
  at: "2026-01-02T03:04:05Z",
  size: 17,
  ...over,
});

describe("dead letters", () => {
  it("of one cause stand together, though each names another thing", () => {
    const groups = groupsOf([letter(3), letter(2, { kind: "command" }), letter(1)]);
    expect(groups.map(({ kind, letters }) => [kind, letters.map(({ sequence }) => sequence)])).toEqual([
      ["message", [3, 1]],
      ["command", [2]],
    ]);
    expect(causeOf('no desk "D-1" after 5 tries')).toBe("no desk «…» after N tries");
  });

  it("are named by sequence and time", () => {
    expect(letterKey(letter(3))).toBe("3@2026-01-02T03:04:05Z");
  });

  it("say beforehand what becomes of them", () => {
    expect(previewOf(letter(1), "redrive")).toEqual({
      possible: true,
      text: "goes to events.trade.booked, taken by TRADES",
    });
    expect(previewOf(letter(1, { originalSubject: null }), "redrive").possible).toBe(false);
    expect(previewOf(letter(1, { originalSubject: "$JS.API" }), "redrive").possible).toBe(false);
    expect(previewOf(letter(1, { kind: "event" }), "redrive").text).toContain("never sent again");
    expect(previewOf(letter(1, { originalSubject: null }), "discard").possible).toBe(true);
  });

  it("are found by subject, reason and sequence", () => {
    expect(letterHas(letter(41), "TRADE.BOOKED")).toBe(true);
    expect(letterHas(letter(41), "41")).toBe(true);
    expect(letterHas(letter(41), "nothing of it")).toBe(false);
  });

  it("show JSON with the digits that it has, and leave other texts alone", () => {
    expect(pretty('{"id":9007199254740993}')).toBe('{\n  "id": 9007199254740993\n}');
    expect(pretty("no json {")).toBe("no json {");
  });
});

describe("decisions", () => {
  const event = (sequence: number, type: string, data: unknown) => ({
    sequence,
    type,
    time: "2026-01-02T03:04:05Z",
    actor: "user:alice",
    data,
  });

  it("come newest first, and what cannot be read is left out", () => {
    const body = { sequence: 41, subject: "events.x", reason: "mended" };
    const found = decisionsOf([
      event(1, "aegis.installation.dead_letter_redriven.v1", body),
      event(2, "aegis.installation.dead_letter_discarded.v1", { ...body, sequence: 42 }),
      event(3, "aegis.installation.dead_letter_discarded.v1", { nothing: true }),
    ]);
    expect(found.map(({ letter: which, deed, sequence }) => [which, deed, sequence])).toEqual([
      [42, "discard", 2],
      [41, "redrive", 1],
    ]);
  });
});
