import { ArrowUpToLine } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { Log } from "./use-log";

/** Above the newest of the list, where there are newer ones. */
export function Header({ log, onTop }: { log: Log; onTop: () => void }) {
  if (log.newer === null) return null;
  return (
    <div className="flex h-9 items-center justify-center gap-2">
      <Button variant="outline" disabled={log.loading !== null} onClick={log.loadNewer}>
        {log.loading === "newer" ? "Loading…" : "Load newer"}
      </Button>
      <Button variant="outline" onClick={onTop}>
        <ArrowUpToLine aria-hidden="true" /> To the newest
      </Button>
    </div>
  );
}

/** Below the oldest of the list. */
export function Footer({ log, filtered }: { log: Log; filtered: boolean }) {
  const { error, older, loading, loadOlder } = log;
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
    <Button variant="outline" disabled={loading !== null} onClick={loadOlder}>
      {loading === "older" ? "Loading…" : "Load older"}
    </Button>
  );
}
