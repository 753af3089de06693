import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { serverNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { type Beyond, type Breach, beyondOf, breachesOf } from "./breaches";
import { FiguresOfServices, FiguresOverTime, LimitsOfServices } from "./documents";
import { type Limits, limitsOf, noLimits } from "./limits";
import { beyondSince, kindKey } from "./since";

/** Definitions change seldom, figures are told anew every five seconds. */
const LIMITS_MS = 30_000;
const FIGURES_MS = 5_000;

/** So far back it is asked since when, in windows of a minute. */
const BACK_MS = 12 * 3_600_000;
/** Some more than there are minutes: the span does not begin with one. */
const WINDOWS = 730;

type ByService = ReadonlyMap<string, Limits>;

interface LimitsStore {
  limits: ByService;
  /** Services whose figures are beyond a limit now. */
  breaches: readonly Breach[];
  /** Since when each figure is beyond its limit, by service and kind; epoch milliseconds. */
  since: ReadonlyMap<string, number>;
}

const nothing: LimitsStore = { limits: new Map(), breaches: [], since: new Map() };

export const useLimitsStore = create<LimitsStore>(() => nothing);

async function loadLimits(): Promise<void> {
  const { data } = await client.query(LimitsOfServices, {}).toPromise();
  if (data) useLimitsStore.setState({ limits: limitsOf(data.definitions.nodes) });
}

/** Nothing is asked where nothing is limited. */
async function loadFigures(): Promise<void> {
  if (useLimitsStore.getState().limits.size === 0) {
    useLimitsStore.setState({ breaches: nothing.breaches, since: nothing.since });
    return;
  }
  const { data } = await client.query(FiguresOfServices, {}).toPromise();
  if (!data) return;
  const { limits, since: known } = useLimitsStore.getState();
  const beyond = beyondOf(data.serviceSummaries.services, limits);
  const since = new Map(
    await Promise.all(
      beyond.map(async (each): Promise<[string, number]> => {
        const key = kindKey(each.service, each.kind);
        // What goes on has begun when it had begun.
        return [key, known.get(key) ?? (await askSince(each))];
      }),
    ),
  );
  useLimitsStore.setState({ breaches: breachesOf(beyond, since), since });
}

/** When the history says that it began; now, where it says nothing of it yet. */
async function askSince({ service, kind, limit }: Beyond): Promise<number> {
  const now = serverNow();
  const { data } = await client
    .query(FiguresOverTime, {
      service,
      from: new Date(now - BACK_MS).toISOString(),
      to: new Date(now).toISOString(),
      points: WINDOWS,
    })
    .toPromise();
  return (data && beyondSince(data.metrics.points, kind, limit, { stepMs: BACK_MS / WINDOWS, now })) ?? now;
}

export function startLimits(): () => void {
  void loadLimits().then(loadFigures);
  const timers = [
    setInterval(() => void loadLimits(), LIMITS_MS),
    setInterval(() => void loadFigures(), FIGURES_MS),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
    useLimitsStore.setState(nothing);
  };
}

/** The limits of all services. Those of the past are not known. */
export function useLimits(): ByService {
  const past = useMoment() !== null;
  const limits = useLimitsStore((s) => s.limits);
  return past ? nothing.limits : limits;
}

/** Since when the figures of a service are beyond their limits, by kind. */
export function useBeyond(service: string): { p99: number | undefined; errors: number | undefined } {
  const since = useLimitsStore((s) => s.since);
  return { p99: since.get(kindKey(service, "p99")), errors: since.get(kindKey(service, "errors")) };
}

/** What of a service is beyond its limits now; nothing of the past is told. */
export function useBreach(service: string): Breach | undefined {
  const past = useMoment() !== null;
  const breaches = useLimitsStore((s) => s.breaches);
  return past ? undefined : breaches.find((each) => each.service === service);
}

export const useLimitsOf = (service: string): Limits => useLimits().get(service) ?? noLimits;
