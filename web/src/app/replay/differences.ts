import type { ResultOf } from "@/gql";
import { plural } from "@/shared/figures/format";
import type { RegistryAt } from "@/shared/replay/documents";

type Registry = ResultOf<typeof RegistryAt>["asOf"];

/** One thing that differs between two moments. */
export interface Difference {
  key: string;
  kind: "Instance" | "Group" | "Definition" | "Maintenance" | "Switchover";
  /** `<service>/<name>`; of a definition, and of the maintenance of all its groups, the service. */
  name: string;
  how: "added" | "removed" | "changed";
  before: string;
  after: string;
}

const ABSENT = "—";

/** What is different in the later registry: what came, what went, and what changed. */
export function differencesBetween(earlier: Registry, later: Registry): Difference[] {
  return [
    ...compare("Instance", instances(earlier), instances(later)),
    ...compare("Group", groups(earlier), groups(later)),
    ...compare("Definition", definitions(earlier), definitions(later)),
    ...compare("Maintenance", maintenances(earlier), maintenances(later)),
    ...compare("Switchover", switchovers(earlier), switchovers(later)),
  ];
}

/** `4 instances, 9 terms, 1 definition differ`. */
export function tally(differences: readonly Difference[]): string {
  if (differences.length === 0) return "nothing differs";
  const words: [Difference["kind"], string][] = [
    ["Instance", "instance"],
    ["Group", "term"],
    ["Definition", "definition"],
    ["Maintenance", "maintenance"],
    ["Switchover", "switchover"],
  ];
  const parts = words.flatMap(([kind, word]) => {
    const n = differences.filter((each) => each.kind === kind).length;
    return n === 0 ? [] : [plural(n, word)];
  });
  return `${parts.join(", ")} ${differences.length === 1 ? "differs" : "differ"}`;
}

/** Kinds of which not all were looked at. */
export function cutOf(...registries: readonly Registry[]): string[] {
  const cut = (count: number | bigint, read: number): boolean => Number(count) > read;
  return [
    registries.some(({ instances: all }) => cut(all.totalCount, all.nodes.length)) ? "instances" : "",
    registries.some(({ leaders: all }) => cut(all.totalCount, all.nodes.length)) ? "groups" : "",
    registries.some(({ definitions: all }) => cut(all.totalCount, all.nodes.length)) ? "definitions" : "",
  ].filter(Boolean);
}

type Told = ReadonlyMap<string, string>;

const instances = ({ instances: { nodes } }: Registry): Told =>
  new Map(nodes.map(({ id, status, version }) => [id, `${status.toLowerCase()}, ${version}`]));

const groups = ({ leaders: { nodes } }: Registry): Told =>
  new Map(nodes.map(({ id, instance, term }) => [id, `${instance ?? "no owner"}, term ${term}`]));

const definitions = ({ definitions: { nodes } }: Registry): Told =>
  new Map(
    nodes.map(({ service, revision, status }) => [service, `revision ${revision}, ${status.toLowerCase()}`]),
  );

const maintenances = ({ maintenances: all }: Registry): Told =>
  new Map(all.map(({ service, group, until }) => [named(service, group), `until ${until}`]));

const switchovers = ({ switchovers: all }: Registry): Told =>
  new Map(
    all.map(({ service, group, to, at, begunAt }) => [
      named(service, group),
      `${begunAt === null ? "planned for" : "begun"} ${begunAt ?? at}${to === null ? "" : `, to ${to}`}`,
    ]),
  );

const named = (service: string, group: string | null): string =>
  group === null ? service : `${service}/${group}`;

function compare(kind: Difference["kind"], before: Told, after: Told): Difference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === now) return [];
    const how = old === undefined ? "added" : now === undefined ? "removed" : "changed";
    return [{ key: `${kind} ${name}`, kind, name, how, before: old ?? ABSENT, after: now ?? ABSENT }];
  });
}
