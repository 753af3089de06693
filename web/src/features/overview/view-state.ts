import type { VariablesOf } from "@/gql";
import type { InstanceWindow } from "@/shared/instances/documents";
import { sortCodec } from "@/shared/instances/order";
import type { ServiceWindow } from "@/shared/services/documents";
import { statuses } from "@/shared/status/status";
import { lines, oneOf, someOf, text, type Values } from "@/shared/url/codec";

/** What of the overview stands in the address. */
export const overviewShape = {
  view: oneOf(["services", "instances"], "services"),
  q: text,
  status: someOf(statuses),
  service: text,
  version: text,
  label: lines,
  team: text,
  sort: sortCodec,
  peek: text,
};

export type OverviewView = Values<typeof overviewShape>;

export const noFilter: Partial<OverviewView> = {
  q: "",
  status: [],
  service: "",
  version: "",
  label: [],
  team: "",
};

/** Beyond the team: a filter that looks for something opens what it finds. */
export const isNarrowed = ({ q, status, service, version, label }: OverviewView): boolean =>
  q !== "" || status.length > 0 || service !== "" || version !== "" || label.length > 0;

export const isFiltered = (view: OverviewView): boolean => view.team !== "" || isNarrowed(view);

/** The filter of the server that the view means. */
export function filterOf(view: OverviewView): VariablesOf<typeof InstanceWindow>["filter"] {
  const { q, status, service, version, label, team } = view;
  return {
    ...(q !== "" && { text: q.slice(0, 200) }),
    ...(status.length > 0 && { statuses: [...status] }),
    ...(service !== "" && { service }),
    ...(version !== "" && { version }),
    ...(team !== "" && { team }),
    ...(label.length > 0 && { labels: label.slice(0, 10).map(labelOf) }),
  };
}

/** The same for services: a service is taken when one of its instances is, or its name. */
export function serviceFilterOf(view: OverviewView): VariablesOf<typeof ServiceWindow>["filter"] {
  const { service, text, ...rest } = filterOf(view) ?? {};
  return { ...rest, ...((text || service) && { text: text || service }) };
}

/** `key:value`, or a key alone. */
function labelOf(raw: string): { key: string; value?: string } {
  const at = raw.indexOf(":");
  return at < 0 ? { key: raw } : { key: raw.slice(0, at), value: raw.slice(at + 1) };
}
