import { describe, expect, it, vi } from "vitest";
import { isList, loadAll, type ReadPage } from "@/shared/bulk/load-all";
import { reportOf } from "@/shared/bulk/report";
import { type Outcome, runMany } from "@/shared/bulk/run";
import { chunksOf } from "@/shared/bulk/use-previews";

const refused = { code: "NOT_OWNER", message: "it owns nothing, now", requestId: null, retryable: false };

describe("acting on many", () => {
  it("goes one after the other, no faster than told, and on after a failure", async () => {
    vi.useFakeTimers();
    const done: [string, number, Outcome["kind"]][] = [];
    const began = performance.now();
    const run = runMany({
      items: ["a", "b", "c"],
      perSecond: 2,
      act: async (item) =>
        item === "b" ? { kind: "failed", error: refused } : { kind: "done", text: `${item} is done` },
      onOutcome: (item, { kind }) => done.push([item, performance.now() - began, kind]),
      signal: new AbortController().signal,
    });
    await vi.advanceTimersByTimeAsync(5_000);
    await run;
    vi.useRealTimers();
    expect(done).toEqual([
      ["a", 0, "done"],
      ["b", 500, "failed"],
      ["c", 1_000, "done"],
    ]);
  });

  it("ends when it is stopped", async () => {
    const control = new AbortController();
    const done: string[] = [];
    await runMany({
      items: ["a", "b"],
      perSecond: 1_000,
      act: async () => ({ kind: "done", text: "" }),
      onOutcome: (item) => {
        done.push(item);
        control.abort();
      },
      signal: control.signal,
    });
    expect(done).toEqual(["a"]);
  });
});

describe("choosing all that match", () => {
  const pages: Record<string, ReadPage<number>> = {
    first: { rows: [1, 2], next: "second" },
    second: { rows: [3], next: null },
  };
  const whoever = { onRead: () => {}, signal: new AbortController().signal };

  it("reads page by page to the end, and says how far it is", async () => {
    const read: number[] = [];
    const told = await loadAll((after) => Promise.resolve(pages[after ?? "first"] as ReadPage<number>), {
      ...whoever,
      onRead: (count) => read.push(count),
    });
    expect([told, read, isList(told)]).toEqual([[1, 2, 3], [2, 3], true]);
  });

  it("answers nothing but the error where a page is refused", async () => {
    const told = await loadAll<number>(
      async (after) => (after === null ? (pages["first"] as ReadPage<number>) : { error: refused }),
      whoever,
    );
    expect([told, isList(told)]).toEqual([refused, false]);
  });

  it("asks again for what came too soon", async () => {
    vi.useFakeTimers();
    let asked = 0;
    const soon = { ...refused, code: "RATE_LIMITED" };
    const told = loadAll<number>(
      async () => (asked++ === 0 ? { error: soon } : { rows: [7], next: null }),
      whoever,
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await told).toEqual([7]);
    vi.useRealTimers();
  });

  it("answers nothing once it is stopped", async () => {
    const control = new AbortController();
    const told = await loadAll<number>(
      async () => {
        control.abort();
        return { rows: [1], next: null };
      },
      { onRead: () => {}, signal: control.signal },
    );
    expect(told).toBeNull();
  });

  it("is looked at in as few questions as may be", () => {
    expect(chunksOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(chunksOf([], 2)).toEqual([]);
  });
});

describe("the report", () => {
  it("tells of each what was expected and what became of it", () => {
    const line = (name: string) => ({ service: "desk", name, preview: { text: "from x to y" } });
    const text = reportOf("Step down", "move, now", [
      { ...line("A"), outcome: { kind: "done", text: "y owns it, term 3", recorded: 7 } },
      { ...line("B"), outcome: { kind: "failed", error: refused } },
      { ...line("C"), outcome: undefined },
      { service: "desk", name: "D", preview: { text: "gone", blocked: true }, outcome: undefined },
    ]);
    expect(text.trimEnd().split("\r\n")).toEqual([
      "action,for,service,name,preview,state,result,recorded as seq,code",
      'Step down,"move, now",desk,A,from x to y,done,"y owns it, term 3",7,',
      'Step down,"move, now",desk,B,from x to y,failed,"it owns nothing, now",,NOT_OWNER',
      'Step down,"move, now",desk,C,from x to y,not done,,,',
      'Step down,"move, now",desk,D,gone,left out,,,',
    ]);
  });
});
