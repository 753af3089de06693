import { useMemo } from "react";
import { useNow } from "@/shared/time/clock";
import { isLive, type Window, windowOf } from "@/shared/time/range";
import { useRange } from "@/shared/time/use-range";
import { useAddress } from "@/shared/url/use-address";

/** The strip moves on so often. */
const STEP_MS = 5_000;

interface Span {
  /** What the strip shows. */
  window: Window;
  /** What the list is limited to: nothing unless the address says a time. */
  span: Window | null;
  /** Whether it ends now. */
  live: boolean;
  /** Limits the list to a time; null takes the limit away. */
  set: (span: Window | null) => void;
}

/** The time of the page, as the list of events takes it. */
export function useSpan(): Span {
  const [range, setRange] = useRange();
  const [params, setParams] = useAddress();
  const now = useNow();
  const step = Math.floor(now / STEP_MS) * STEP_MS;
  const live = isLive(range);
  const window = useMemo(() => windowOf(range, step), [range, step]);
  const limited = params.has("from") || params.has("to");
  // One that ends now begins at a fixed moment: a list is not read anew each second.
  const from = useMemo(() => windowOf(range, Math.floor(Date.now() / 60_000) * 60_000).from, [range]);
  const span = useMemo(() => {
    if (!limited) return null;
    return live ? { from, to: 253_402_300_799_000 } : windowOf(range, 0);
  }, [limited, live, from, range]);
  const set = (next: Window | null): void => {
    if (next) {
      setRange({ from: new Date(next.from).toISOString(), to: new Date(next.to).toISOString() });
      return;
    }
    setParams((all) => {
      const rest = new URLSearchParams(all);
      rest.delete("from");
      rest.delete("to");
      return rest;
    });
  };
  return { window, span, live, set };
}
