import { type Content, failoverFrom, failoverText, type Registration } from "./content";

/** One line of a definition: a field, or one of its labels as `labels.<key>`. */
export type Lines = ReadonlyMap<string, string>;

export const fieldWord: Record<string, string> = {
  owner: "Team",
  description: "Description",
  version: "Version",
  minInstances: "At least",
  maxInstances: "At most",
  p99LimitMs: "p99 limit, ms",
  errorLimitPercent: "Error limit, %",
  failover: "Failover",
  registration: "Registration",
  status: "Status",
};

/** The lines of a definition in the order of the file, its labels aside. */
export const lineOrder: readonly string[] = Object.keys(fieldWord).filter((field) => field !== "status");

export const LABEL = "labels.";

export const wordOf = (field: string): string =>
  field.startsWith(LABEL) ? `Label ${field.slice(LABEL.length)}` : (fieldWord[field] ?? field);

const text = (number: number | null): string | null => (number === null ? null : String(number));

/** Each field that has a value, in the order of the file, as the history of a definition tells it. */
export function linesOf(content: Content | null): Lines {
  if (content === null) return new Map();
  const fields: [string, string | null][] = [
    ["owner", content.owner],
    ["description", content.description],
    ["version", content.version],
    ["minInstances", text(content.minInstances)],
    ["maxInstances", text(content.maxInstances)],
    ["p99LimitMs", text(content.p99LimitMs)],
    ["errorLimitPercent", text(content.errorLimitPercent)],
    ["failover", failoverText(content.failover)],
    ["registration", content.registration.toLowerCase()],
  ];
  const labels = Object.entries(content.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, value] of labels) fields.push([`${LABEL}${key}`, value]);
  return new Map(fields.filter((field): field is [string, string] => field[1] !== null));
}

/** The content that these lines say. */
export function contentFrom(lines: Lines): Content {
  const number = (field: string): number | null => {
    const value = lines.get(field);
    return value === undefined ? null : Number(value);
  };
  const labels = [...lines].filter(([field]) => field.startsWith(LABEL));
  return {
    owner: lines.get("owner") ?? "",
    description: lines.get("description") ?? "",
    version: lines.get("version") ?? "",
    minInstances: number("minInstances"),
    maxInstances: number("maxInstances"),
    p99LimitMs: number("p99LimitMs"),
    errorLimitPercent: number("errorLimitPercent"),
    failover: failoverFrom(lines.get("failover") ?? null),
    registration: (lines.get("registration") ?? "warn").toUpperCase() as Registration,
    labels: Object.fromEntries(labels.map(([field, value]) => [field.slice(LABEL.length), value])),
  };
}
