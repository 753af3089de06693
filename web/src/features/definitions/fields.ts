import { type Content, failoverFrom, failoverText, type Registration } from "./content";

/** One line of a definition: a field, or one of its labels as `labels.<key>`. */
export type Lines = ReadonlyMap<string, string>;

export const fieldWord: Record<string, string> = {
  owner: "Team",
  description: "Description",
  version: "Version",
  minInstances: "At least",
  maxInstances: "At most",
  failover: "Failover",
  registration: "Registration",
  status: "Status",
};

export const LABEL = "labels.";

export const wordOf = (field: string): string =>
  field.startsWith(LABEL) ? `Label ${field.slice(LABEL.length)}` : (fieldWord[field] ?? field);

/** Each field that has a value, in the order of the file, as the history of a definition tells it. */
export function linesOf(content: Content | null): Lines {
  if (content === null) return new Map();
  const fields: [string, string | null][] = [
    ["owner", content.owner],
    ["description", content.description],
    ["version", content.version],
    ["minInstances", content.minInstances === null ? null : String(content.minInstances)],
    ["maxInstances", content.maxInstances === null ? null : String(content.maxInstances)],
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
    const text = lines.get(field);
    return text === undefined ? null : Number(text);
  };
  const labels = [...lines].filter(([field]) => field.startsWith(LABEL));
  return {
    owner: lines.get("owner") ?? "",
    description: lines.get("description") ?? "",
    version: lines.get("version") ?? "",
    minInstances: number("minInstances"),
    maxInstances: number("maxInstances"),
    failover: failoverFrom(lines.get("failover") ?? null),
    registration: (lines.get("registration") ?? "warn").toUpperCase() as Registration,
    labels: Object.fromEntries(labels.map(([field, value]) => [field.slice(LABEL.length), value])),
  };
}
