import { plural } from "@/shared/figures/format";
import type { SupplySpan } from "./documents";

/** What ran, in words. */
export function spanWords({ supply, fewest }: Pick<SupplySpan, "supply" | "fewest">, needed: number): string {
  switch (supply) {
    case "ENOUGH":
      return needed === 1 ? "Up" : `Up, at least ${needed} ran`;
    case "FEW":
      return `Only ${fewest} of ${needed} ran`;
    case "NOTHING":
      return "None ran";
  }
}

/** `99.98 % up · 1 shortfall`; never rounded up to all of the time. */
export function summaryOf(upPercent: number | null, shortfalls: number): string {
  if (upPercent === null) return "—";
  const share = upPercent === 100 ? "100" : Math.min(99.99, upPercent).toFixed(2);
  return `${share} % up · ${plural(shortfalls, "shortfall")}`;
}
