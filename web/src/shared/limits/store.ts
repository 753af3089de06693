import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { useMoment } from "@/shared/url/moment";
import { type Breach, breachesOf } from "./breaches";
import { FiguresOfServices, LimitsOfServices } from "./documents";
import { type Limits, limitsOf, noLimits } from "./limits";

/** Definitions change seldom, figures are told anew every five seconds. */
const LIMITS_MS = 30_000;
const FIGURES_MS = 5_000;

type ByService = ReadonlyMap<string, Limits>;

interface LimitsStore {
  limits: ByService;
  /** Services whose figures are beyond a limit now. */
  breaches: readonly Breach[];
}

const nothing: LimitsStore = { limits: new Map(), breaches: [] };

export const useLimitsStore = create<LimitsStore>(() => nothing);

async function loadLimits(): Promise<void> {
  const { data } = await client.query(LimitsOfServices, {}).toPromise();
  if (data) useLimitsStore.setState({ limits: limitsOf(data.definitions.nodes) });
}

/** Nothing is asked where nothing is limited. */
async function loadFigures(): Promise<void> {
  if (useLimitsStore.getState().limits.size === 0) {
    useLimitsStore.setState({ breaches: nothing.breaches });
    return;
  }
  const { data } = await client.query(FiguresOfServices, {}).toPromise();
  const { limits } = useLimitsStore.getState();
  if (data) useLimitsStore.setState({ breaches: breachesOf(data.serviceSummaries.services, limits) });
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

export const useLimitsOf = (service: string): Limits => useLimits().get(service) ?? noLimits;
