import { describe, expect, it } from "vitest";
import { causeOf, causesOf } from "@/features/dead-letters/causes";
import { decisionsOf } from "@/features/dead-letters/decided";
import { lettersCsv, resultsCsv } from "@/features/dead-letters/export-letters";
import { letterHas, letterKey, outcomesOf, previewOf } from "@/features/dead-letters/letters";
import { pretty } from "@/features/dead-letters/payload";
import { renewed } from "@/features/dead-letters/use-letters";
import { csvOf } from "@/shared/lib/csv";

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
  const open = () => true;

  it("of one cause stand together, though each names another thing", () => {
    const causes = causesOf([letter(3), letter(2, { kind: "command" }), letter(1)], [], open);
    expect(
      causes.map(({ kind, letters, left }) => [kind, letters.map(({ sequence }) => sequence), left]),
    ).toEqual([
      ["message", [3, 1], 2],
      ["command", [2], 1],
    ]);
    expect(causeOf('no desk "D-1" after 5 tries')).toBe("no desk «…» after N tries");
  });

  it("that are not read yet are counted with what the server tells", () => {
    const told = (count: number, reason: string | null, oldestAt: string, newestAt: string) => ({
      kind: "message",
      reason,
      originalStream: "TRADES",
      count,
      oldestAt,
      newestAt,
    });
    const causes = causesOf(
      [letter(3)],
      [
        told(40, letter(3).reason, "2026-01-01T00:00:00Z", "2026-01-02T03:04:05Z"),
        told(2, letter(9).reason, "2025-12-01T00:00:00Z", "2025-12-02T00:00:00Z"),
        told(7, null, "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"),
      ],
      open,
    );
    expect(causes.map(({ left, letters, oldest }) => [left, letters.length, oldest])).toEqual([
      [7, 0, "2026-01-03T00:00:00Z"],
      [42, 1, "2025-12-01T00:00:00Z"],
    ]);
  });

  it("that are decided on here stay, those decided on elsewhere go, and older ones are left alone", () => {
    const read = [letter(4), letter(3), letter(2), letter(1)];
    const next = renewed(read, [letter(5), letter(3)], ({ sequence }) => sequence === 4);
    expect(next.map(({ sequence }) => sequence)).toEqual([5, 4, 3, 2, 1]);
    const without = renewed(read, [letter(5), letter(2)], () => false);
    expect(without.map(({ sequence }) => sequence)).toEqual([5, 2, 1]);
    expect(renewed(read, [], () => false)).toEqual([]);
  });

  it("come to the same in so many ways", () => {
    const outcomes = outcomesOf([letter(1), letter(2), letter(3, { originalSubject: null })], "redrive");
    expect(outcomes.map(({ count, possible }) => [count, possible])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it("are a table with what became of each", () => {
    const results = new Map([
      [letterKey(letter(2)), { kind: "done" as const, sequence: 88 }],
      [
        letterKey(letter(3)),
        {
          kind: "failed" as const,
          error: { code: "NOT_FOUND", message: "gone, since a while", requestId: null, retryable: false },
        },
      ],
    ]);
    const table = resultsCsv([letter(1), letter(2), letter(3)], "redrive", "mended", results).split("\r\n");
    expect(table).toHaveLength(5);
    expect(table[1]).toContain("redrive,mended,preview,,,");
    expect(table[2]).toContain("redrive,mended,decided,88,,");
    expect(table[3]).toContain('redrive,mended,failed,,NOT_FOUND,"gone, since a while"');
    expect(lettersCsv([letter(2)], results)).toContain("decided,88");
  });

  it("are no formula of a spreadsheet", () => {
    expect(csvOf([["=1+1", "-2", 'a "b"', null, 9007199254740993n]])).toBe(
      '\'=1+1,\'-2,"a ""b""",,9007199254740993\r\n',
    );
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
