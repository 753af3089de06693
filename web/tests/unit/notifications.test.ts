import { describe, expect, it } from "vitest";
import { verdictOf } from "@/features/wallboard/verdict";
import { useAcknowledged } from "@/shared/attention/acknowledged";
import { notice } from "@/shared/attention/notified";
import { useSilences } from "@/shared/attention/silences";
import type { ShownItem } from "@/shared/attention/use-items";

const item = (key: string, over: Partial<ShownItem> = {}): ShownItem => ({
  key,
  severity: "bad",
  subject: key,
  text: "none runs",
  since: 100,
  to: "/",
  action: "Open",
  acknowledged: false,
  seen: null,
  silence: null,
  ...over,
});

describe("notifications", () => {
  it("are told once for each trouble, and say when it was over", () => {
    const first = notice([], [item("a"), item("b", { severity: "healed" })], 1);
    expect(first.fresh.map(({ subject }) => subject)).toEqual(["a"]);
    const again = notice(first.all, [item("a")], 2);
    expect(again.fresh).toEqual([]);
    expect(again.all).toBe(first.all);
    const over = notice(again.all, [], 3);
    expect(over.all.map(({ over: at }) => at)).toEqual([3]);
    const anew = notice(over.all, [item("a", { since: 200 })], 4);
    expect(anew.fresh).toHaveLength(1);
    expect(anew.all).toHaveLength(2);
  });

  it("are not told of what is acknowledged or silenced", () => {
    expect(notice([], [item("a", { acknowledged: true })], 1).fresh).toEqual([]);
  });
});

describe("what is acknowledged and silenced", () => {
  const inAnotherTab = (key: string, value: unknown): void => {
    localStorage.setItem(key, typeof value === "string" ? value : JSON.stringify(value));
    window.dispatchEvent(new StorageEvent("storage", { key }));
  };

  it("holds for all tabs of the browser", () => {
    inAnotherTab("aegis.acknowledged", [{ mark: "a @1", by: "alice", at: 5 }]);
    expect(useAcknowledged.getState().all).toEqual([{ mark: "a @1", by: "alice", at: 5 }]);
    inAnotherTab("aegis.silences", [{ key: "a", reason: "known", by: "bob", until: 9 }]);
    expect(useSilences.getState().silences.map(({ reason }) => reason)).toEqual(["known"]);
  });

  it("is nothing where what is kept cannot be read", () => {
    inAnotherTab("aegis.acknowledged", "no json");
    expect(useAcknowledged.getState().all).toEqual([]);
  });
});

describe("the verdict of the wallboard", () => {
  it("never calls fine what cannot be seen", () => {
    expect(verdictOf([], true).kind).toBe("blind");
    expect(verdictOf([], false)).toEqual({ kind: "fine", text: "Nothing needs anybody" });
  });

  it("is as bad as the worst", () => {
    expect(verdictOf([{ severity: "warn" }], false)).toEqual({
      kind: "warn",
      text: "1 thing needs somebody",
    });
    expect(verdictOf([{ severity: "warn" }, { severity: "bad" }], false).kind).toBe("bad");
  });
});
