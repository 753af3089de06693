import { create } from "zustand";

const GAP_MS = 4_000;

interface Announcer {
  spoken: string;
  say: (line: string) => void;
}

let queue: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** One polite line at most every four seconds; a burst becomes its last line and a count. */
export const useAnnouncer = create<Announcer>((set) => ({
  spoken: "",
  say: (line) => {
    queue.push(line);
    if (timer !== undefined) return;
    const flush = (): void => {
      timer = undefined;
      const last = queue.at(-1);
      if (last === undefined) return;
      set({ spoken: queue.length > 1 ? `${last} (and ${queue.length - 1} more changes)` : last });
      queue = [];
      timer = setTimeout(flush, GAP_MS);
    };
    timer = setTimeout(flush, 50);
  },
}));

export function LiveRegion() {
  const spoken = useAnnouncer((s) => s.spoken);
  return (
    <div aria-live="polite" className="sr-only" data-testid="announcer">
      {spoken}
    </div>
  );
}
