import { ArrowUpToLine } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/components/ui/button";
import type { Log } from "./use-log";
import { useReach } from "./use-reach";

/** Above the newest of the list, where there are newer ones; they come by themselves where the list is scrolled up. */
export function Header({ log, onTop }: { log: Log; onTop: () => void }) {
  const end = useRef<HTMLButtonElement>(null);
  useReach(end, log.newer !== null && log.loading === null && log.error === null, log.loadNewer);
  if (log.newer === null) return null;
  return (
    <div className="flex h-9 items-center justify-center gap-2">
      <Button ref={end} variant="outline" disabled={log.loading !== null} onClick={log.loadNewer}>
        {log.loading === "newer" ? "Loading…" : "Load newer"}
      </Button>
      <Button variant="outline" onClick={onTop}>
        <ArrowUpToLine aria-hidden="true" /> To the newest
      </Button>
    </div>
  );
}

/** Below the oldest of the list. What is older comes by itself where the list is scrolled to its end. */
export function Footer({ log, filtered }: { log: Log; filtered: boolean }) {
  const { error, older, loading, loadOlder } = log;
  const end = useRef<HTMLButtonElement>(null);
  useReach(end, older !== null && loading === null && error === null, loadOlder);
  if (error) {
    return (
      <>
        <span className="text-bad">
          {error.message} ({error.code})
        </span>
        <Button variant="outline" onClick={loadOlder}>
          Try again
        </Button>
      </>
    );
  }
  if (older === null) {
    const end = filtered ? "No older event matches." : "This is the beginning of the log.";
    return <span className="text-muted-foreground">{end}</span>;
  }
  return (
    <Button ref={end} variant="outline" disabled={loading !== null} onClick={loadOlder}>
      {loading === "older" ? "Loading…" : "Load older"}
    </Button>
  );
}
