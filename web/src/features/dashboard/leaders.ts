import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { throttle } from "@/shared/live/throttle";
import { type Leader, Leaders } from "./documents";

const POLL_MS = 10_000;
/** A hundred thousand groups. */
const MAX_PAGES = 100;

interface LeaderStore {
  leaders: readonly Leader[] | null;
  /** Whether there are more than were asked for: then nobody knows how many have no owner. */
  cut: boolean;
  error: AppError | null;
}

export const useLeaders = create<LeaderStore>(() => ({ leaders: null, cut: false, error: null }));

async function loadAll(): Promise<void> {
  const found: Leader[] = [];
  let after: string | null = null;
  let cut = true;
  for (let page = 0; page < MAX_PAGES; page++) {
    const result: Awaited<ReturnType<typeof loadPage>> = await loadPage(after);
    if (result.error) return useLeaders.setState({ error: errorFromUrql(result.error) });
    const connection = result.data?.leaders;
    if (!connection) return;
    found.push(...connection.nodes);
    cut = connection.pageInfo.hasNextPage;
    if (!cut) break;
    after = connection.pageInfo.endCursor;
  }
  useLeaders.setState({ leaders: found, cut, error: null });
}

const loadPage = (after: string | null) => client.query(Leaders, { after }).toPromise();

let loading: Promise<void> | undefined;
let wanted = false;

/** One load at a time; a request during a load starts another after it, so that the last change is always seen. */
function load(): void {
  if (loading) {
    wanted = true;
    return;
  }
  loading = loadAll().finally(() => {
    loading = undefined;
    if (!wanted) return;
    wanted = false;
    refreshLeaders();
  });
}

/** There is no subscription for leaders: whoever sees a leadership event asks for them again. */
export const refreshLeaders = throttle(load, 300);

export function startLeaders(): () => void {
  refreshLeaders();
  const timer = setInterval(refreshLeaders, POLL_MS);
  return () => {
    clearInterval(timer);
    refreshLeaders.cancel();
  };
}

export const resetLeaders = (): void => useLeaders.setState({ leaders: null, cut: false, error: null });
