import type { ResultOf } from "@/gql";
import type { RegistryAt } from "@/shared/replay/documents";

type Registry = ResultOf<typeof RegistryAt>["asOf"];

/** One thing that differs between two moments. */
export interface Difference {
  key: string;
  kind: "Instance" | "Group" | "Definition";
  name: string;
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
  ];
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

function compare(kind: Difference["kind"], before: Told, after: Told): Difference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .map((name) => ({
      key: `${kind} ${name}`,
      kind,
      name,
      before: before.get(name) ?? ABSENT,
      after: after.get(name) ?? ABSENT,
    }))
    .filter((each) => each.before !== each.after);
}
