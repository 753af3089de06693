import { useMoment } from "@/shared/url/moment";
import { usePaused } from "./pause";

/** How often to ask again: not while the page is paused, or shows the past. */
export function useEvery(ms: number): { every?: number } {
  const paused = usePaused();
  const moment = useMoment();
  return paused || moment !== null ? {} : { every: ms };
}
