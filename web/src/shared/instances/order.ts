import type { VariablesOf } from "@/gql";
import type { Codec } from "@/shared/url/codec";
import type { InstanceWindow } from "./documents";

type OrderBy = NonNullable<VariablesOf<typeof InstanceWindow>["orderBy"]>;

/** What a list can be sorted by, as the address has it, and the order of the server that it means. */
const fields = {
  severity: "SEVERITY",
  name: "NAME",
  version: "VERSION",
  beat: "LAST_BEAT_AT",
  calls: "CALLS_PER_SECOND",
  p99: "P99",
  errors: "ERRORS",
  queue: "QUEUE_DEPTH",
  cpu: "CPU",
  memory: "MEMORY",
} as const satisfies Record<string, OrderBy["field"]>;

export type SortKey = keyof typeof fields;

export interface Sort {
  key: SortKey;
  descending: boolean;
}

export const bySeverity: Sort = { key: "severity", descending: false };

/** Figures are asked for because of the big ones. */
const biggestFirst: readonly SortKey[] = ["calls", "p99", "errors", "queue", "cpu", "memory"];

/** What a click on a heading chooses: its usual direction first, then the other. */
export function nextSort(now: Sort, key: SortKey): Sort {
  if (now.key === key) return { key, descending: !now.descending };
  return { key, descending: biggestFirst.includes(key) };
}

/** `severity`, `-p99`. */
export const sortCodec: Codec<Sort> = {
  fallback: bySeverity,
  parse: (raw) => {
    const descending = raw.startsWith("-");
    const key = (descending ? raw.slice(1) : raw) as SortKey;
    return key in fields ? { key, descending } : bySeverity;
  },
  format: ({ key, descending }) => {
    const text = `${descending ? "-" : ""}${key}`;
    return text === "severity" ? "" : text;
  },
};

export const orderByOf = ({ key, descending }: Sort): OrderBy => ({ field: fields[key], descending });
