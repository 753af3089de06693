import type { AttentionItem } from "@/shared/attention/attention";

export interface Verdict {
  kind: "fine" | "warn" | "bad" | "blind";
  text: string;
}

/** One sentence for all of it: what cannot be seen is not called fine. */
export function verdictOf(items: readonly Pick<AttentionItem, "severity">[], blind: boolean): Verdict {
  if (blind) return { kind: "blind", text: "Aegis cannot see" };
  if (items.length === 0) return { kind: "fine", text: "Nothing needs anybody" };
  const kind = items.some(({ severity }) => severity === "bad") ? "bad" : "warn";
  return {
    kind,
    text: items.length === 1 ? "1 thing needs somebody" : `${items.length} things need somebody`,
  };
}
