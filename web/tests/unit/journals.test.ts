import { describe, expect, it } from "vitest";
import { earlier, newest } from "@/features/system/journal-page";

describe("the pages of a journal", () => {
  it("begin with the newest, and go back to the first event", () => {
    expect(newest(120)).toBe("70");
    expect(earlier("70")).toBe("20");
    expect(earlier("20")).toBe("0");
    expect(earlier("0")).toBeNull();
  });

  it("have room for a short journal, and for a sequence of any size", () => {
    expect(newest(0)).toBe("0");
    expect(newest(50)).toBe("0");
    expect(newest(9007199254740993n)).toBe("9007199254740943");
  });
});
