import { describe, expect, it } from "vitest";
import { verdictOf } from "@/features/wallboard/verdict";
import { notice } from "@/shared/attention/notified";
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
