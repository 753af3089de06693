import { describe, expect, it } from "vitest";
import { spanWords, summaryOf } from "@/features/service/uptime";

describe("whether enough instances of a service ran", () => {
  it("is told against what its definition asks for", () => {
    expect(spanWords({ supply: "ENOUGH", fewest: 3 }, 2)).toBe("Up, at least 2 ran");
    expect(spanWords({ supply: "ENOUGH", fewest: 1 }, 1)).toBe("Up");
    expect(spanWords({ supply: "FEW", fewest: 1 }, 2)).toBe("Only 1 of 2 ran");
    expect(spanWords({ supply: "NOTHING", fewest: 0 }, 2)).toBe("None ran");
  });

  it("is never rounded up to all of the time, and nothing is said of what is not known", () => {
    expect(summaryOf(99.9999, 1)).toBe("99.99 % up · 1 shortfall");
    expect(summaryOf(100, 0)).toBe("100 % up · 0 shortfalls");
    expect(summaryOf(null, 0)).toBe("—");
  });
});
