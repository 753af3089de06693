import { create } from "zustand";
import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import type { Live } from "@/shared/graphql/live";
import { throttle } from "@/shared/live/throttle";
import { serverNow } from "@/shared/time/clock";
import { type Instance, InstanceChanges, type InstanceUpdate } from "./documents";
import { applyUpdate, emptyRegistry, type Registry } from "./registry";

const PAINT_MS = 250;

interface InstanceStore {
  /** As last painted; null before the first snapshot. */
  instances: readonly Instance[] | null;
  registry: Registry;
  asOf: Whole;
  error: AppError | null;
  /** The moment at which the operator stopped the picture; the data behind it goes on. */
  pausedAt: number | null;
  togglePause: () => void;
}

let registry = emptyRegistry();
let received = false;

export const useInstances = create<InstanceStore>((set, get) => ({
  instances: null,
  registry,
  asOf: 0,
  error: null,
  pausedAt: null,
  togglePause: () => {
    set({ pausedAt: get().pausedAt === null ? serverNow() : null });
    paint();
  },
}));

const paint = throttle(() => {
  const state = useInstances.getState();
  if (!received) return;
  if (state.pausedAt !== null && state.instances !== null) return;
  useInstances.setState({
    instances: [...registry.instances.values()],
    registry,
    asOf: registry.asOf,
    error: null,
  });
}, PAINT_MS);

export function receive(update: InstanceUpdate): void {
  applyUpdate(registry, update);
  received = true;
  paint();
}

export function startInstances(live: Live): () => void {
  const end = live.subscribe({
    document: InstanceChanges,
    variables: () => ({}),
    onData: (data) => receive(data.instanceChanges),
    onError: (error) => useInstances.setState({ error }),
  });
  return end;
}

/** Nothing of one session may be seen in the next. */
export function resetInstances(): void {
  paint.cancel();
  registry = emptyRegistry();
  received = false;
  useInstances.setState({ instances: null, registry, asOf: 0, error: null, pausedAt: null });
}
