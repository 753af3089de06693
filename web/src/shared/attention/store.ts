import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import type { Live } from "@/shared/graphql/live";
import { type InstanceRowOf, type InstanceUpdate, InstanceWindow } from "@/shared/instances/documents";
import { applyToPage, type Page } from "@/shared/instances/window";
import { throttle } from "@/shared/live/throttle";
import type { InstanceStatus } from "@/shared/status/status";
import { minimumOf } from "@/shared/status/worst";
import type { ServiceState } from "./attention";
import { type GroupOf, OwnerlessGroups, ServiceNeed } from "./documents";

interface AttentionStore {
  /** The first of those in states that may need somebody, the worst first. */
  troubled: readonly InstanceRowOf[];
  services: ReadonlyMap<string, ServiceState>;
  ownerless: { groups: readonly GroupOf[]; total: number };
  /** All groups there are; null before they were asked for. */
  groups: number | null;
}

const nothing: AttentionStore = {
  troubled: [],
  services: new Map(),
  ownerless: { groups: [], total: 0 },
  groups: null,
};

export const useAttention = create<AttentionStore>(() => nothing);

const FIRST = 40;
const TROUBLE: InstanceStatus[] = ["FAILED", "EXPIRED", "UNHEALTHY", "UNKNOWN"];
const PAINT_MS = 250;
const LEADERS_MS = 10_000;
const SERVICES = 20;

let page: Page | null = null;

async function loadLeaders(): Promise<void> {
  const { data } = await client.query(OwnerlessGroups, {}).toPromise();
  if (!data) return;
  const groups = data.leaders.nodes.filter(({ instance }) => instance === null);
  useAttention.setState({
    ownerless: { groups, total: groups.length },
    groups: Number(data.leaders.totalCount),
  });
}

/** Nothing is pushed of groups: whoever sees an event of leadership asks again. */
export const refreshLeaders = throttle(() => void loadLeaders(), 300);

async function loadService(name: string): Promise<void> {
  const { data } = await client.query(ServiceNeed, { name }).toPromise();
  if (!data) return;
  const state = { running: Number(data.running.totalCount), minimum: minimumOf(data.definition) };
  useAttention.setState((s) => ({ services: new Map(s.services).set(name, state) }));
}

const refreshServices = throttle(() => {
  const names = new Set(useAttention.getState().troubled.map(({ service }) => service));
  for (const name of [...names].slice(0, SERVICES)) void loadService(name);
}, 2_000);

const paint = throttle(() => {
  if (!page) return;
  useAttention.setState({ troubled: page.rows });
  if (page.rows.length > 0) refreshServices();
}, PAINT_MS);

export function startAttention(live: Live): () => void {
  const end = live.subscribe({
    document: InstanceWindow,
    variables: () => ({ filter: { statuses: TROUBLE }, orderBy: null, first: FIRST, offset: 0 }),
    onData: (data) => {
      page = applyToPage(page, data.instanceChanges as InstanceUpdate);
      paint();
    },
    // The connection itself says when it does not hold.
    onError: () => {},
  });
  refreshLeaders();
  const timer = setInterval(refreshLeaders, LEADERS_MS);
  return () => {
    end();
    clearInterval(timer);
    refreshLeaders.cancel();
    refreshServices.cancel();
    paint.cancel();
    page = null;
    useAttention.setState(nothing);
  };
}
