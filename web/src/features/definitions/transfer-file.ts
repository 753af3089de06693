import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify, type YAMLMap } from "yaml";
import type { Content, Failover, Registration } from "./content";
import { policies, registrations } from "./content";
import { breachesOf, serviceRule } from "./rules";

/** One definition of a file. */
export interface Entry {
  service: string;
  content: Content;
}

export interface FileProblem {
  /** Where in the text, from 1 on. */
  line: number;
  text: string;
}

const FIELDS = [
  "service",
  "owner",
  "description",
  "version",
  "minInstances",
  "maxInstances",
  "p99LimitMs",
  "errorLimitPercent",
  "failover",
  "registration",
  "labels",
];

class Fault extends Error {
  constructor(
    readonly node: Node | null,
    message: string,
  ) {
    super(message);
  }
}

/** Reads the file of definitions, which is YAML, so JSON as well; or says what is wrong with it, and where. */
export function readFile(text: string): { entries: Entry[] } | { problems: FileProblem[] } {
  const counter = new LineCounter();
  // All scalars as texts, so that a version of 1.0 stays one.
  const document = parseDocument(text, { lineCounter: counter, schema: "failsafe" });
  const lineOf = (offset: number | undefined): number => counter.linePos(offset ?? 0).line || 1;
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ pos, message }) => ({
        line: lineOf(pos[0]),
        text: message.split("\n")[0] ?? message,
      })),
    };
  }
  const problems: FileProblem[] = [];
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      problems.push({ line: lineOf(fault.node?.range?.[0]), text: fault.message });
      return null;
    }
  };
  const nodes = attempt(() => definitionsOf(document.contents)) ?? [];
  const entries: Entry[] = [];
  for (const node of nodes) {
    const entry = attempt(() => entryOf(node));
    if (!entry) continue;
    const twice = entries.some(({ service }) => service === entry.service);
    if (twice) problems.push({ line: lineOf(node.range?.[0]), text: `${entry.service} is defined twice` });
    else entries.push(entry);
  }
  return problems.length > 0 ? { problems } : { entries };
}

function definitionsOf(contents: Node | null): YAMLMap[] {
  if (!isMap(contents)) throw new Fault(contents, "a file of definitions begins with «definitions:»");
  const unknown = contents.items.find(({ key }) => String(key) !== "definitions");
  if (unknown) throw new Fault(unknown.key as Node, `unknown field «${unknown.key}», expected «definitions»`);
  const list = contents.get("definitions", true) as unknown;
  if (!isSeq(list)) throw new Fault(contents, "«definitions» is a list");
  return list.items.map((item) => {
    if (!isMap(item)) throw new Fault(item as Node, "a definition has fields, such as «service: orders»");
    return item;
  });
}

function entryOf(map: YAMLMap): Entry {
  const stray = map.items.find(({ key }) => !FIELDS.includes(String(key)));
  if (stray) {
    throw new Fault(stray.key as Node, `unknown field «${stray.key}», expected one of ${FIELDS.join(", ")}`);
  }
  const service = required(map, "service");
  const broken = serviceRule(service);
  if (broken !== null) throw new Fault(at(map, "service"), `service: use ${broken}`);
  const content: Content = {
    owner: required(map, "owner"),
    description: required(map, "description"),
    version: required(map, "version"),
    minInstances: count(map, "minInstances"),
    maxInstances: count(map, "maxInstances"),
    p99LimitMs: count(map, "p99LimitMs"),
    errorLimitPercent: share(map, "errorLimitPercent"),
    failover: failover(map),
    registration: registration(map),
    labels: labels(map),
  };
  const [breach] = Object.entries(breachesOf(content));
  if (breach) throw new Fault(at(map, breach[0]) ?? map, `${breach[0]}: use ${breach[1]}`);
  return { service, content };
}

const at = (map: YAMLMap, field: string): Node | null => (map.get(field, true) as Node | undefined) ?? null;

/** The text of a field; null where it is absent, or says `null`. */
function optional(map: YAMLMap, field: string): string | null {
  const node = at(map, field);
  if (node === null) return null;
  if (!isScalar(node)) throw new Fault(node, `${field} is a text`);
  const text = String(node.value);
  const isNothing = node.type === "PLAIN" && ["", "null", "~"].includes(text);
  return isNothing ? null : text;
}

function required(map: YAMLMap, field: string): string {
  const text = optional(map, field);
  if (text === null) throw new Fault(map, `missing field «${field}»`);
  return text;
}

function count(map: YAMLMap, field: string): number | null {
  const text = optional(map, field);
  if (text === null) return null;
  if (!/^\d+$/.test(text)) throw new Fault(at(map, field), `${field} is a whole number`);
  return Number(text);
}

function share(map: YAMLMap, field: string): number | null {
  const text = optional(map, field);
  if (text === null) return null;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Fault(at(map, field), `${field} is a number`);
  return Number(text);
}

function failover(map: YAMLMap): Failover | null {
  const node = at(map, "failover");
  if (isMap(node)) {
    const lease = count(node, "leaseMs");
    if (lease === null || node.items.length !== 1)
      throw new Fault(node, "failover: use { leaseMs: 150 to 60000 }");
    return { policy: "CUSTOM", leaseMs: lease };
  }
  const text = optional(map, "failover");
  if (text === null) return null;
  const policy = policies.find((each) => each !== "CUSTOM" && each.toLowerCase() === text);
  if (!policy)
    throw new Fault(node, "failover: use aggressive, balanced, conservative, or { leaseMs: 150 to 60000 }");
  return { policy, leaseMs: null };
}

function registration(map: YAMLMap): Registration {
  const text = optional(map, "registration");
  if (text === null) return "WARN";
  const found = registrations.find((each) => each.toLowerCase() === text);
  if (!found) throw new Fault(at(map, "registration"), "registration: use open, warn or enforce");
  return found;
}

function labels(map: YAMLMap): Record<string, string> {
  const node = at(map, "labels");
  if (node === null || optionalNothing(node)) return {};
  if (!isMap(node)) throw new Fault(node, "labels are keys with values");
  return Object.fromEntries(node.items.map(({ key }) => [String(key), required(node, String(key))]));
}

const optionalNothing = (node: Node): boolean =>
  isScalar(node) && ["", "null", "~"].includes(String(node.value));

function written({ service, content }: Entry) {
  const { failover, minInstances, maxInstances, p99LimitMs, errorLimitPercent, labels } = content;
  return {
    service,
    owner: content.owner,
    description: content.description,
    version: content.version,
    ...(minInstances !== null && { minInstances }),
    ...(maxInstances !== null && { maxInstances }),
    ...(p99LimitMs !== null && { p99LimitMs }),
    ...(errorLimitPercent !== null && { errorLimitPercent }),
    ...(failover && {
      failover: failover.policy === "CUSTOM" ? { leaseMs: failover.leaseMs } : failover.policy.toLowerCase(),
    }),
    registration: content.registration.toLowerCase(),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** The file that an import, or `aegis definitions apply`, finds unchanged. */
export function writeFile(entries: readonly Entry[], form: "yaml" | "json"): string {
  const file = { definitions: entries.map(written) };
  return form === "yaml" ? stringify(file, { lineWidth: 0 }) : `${JSON.stringify(file, null, 2)}\n`;
}
