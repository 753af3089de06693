import { Download } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { count, plural } from "@/shared/figures/format";
import { saveAs } from "@/shared/lib/save-as";
import { useNotices } from "@/shared/ui/notice";
import type { EventFilter } from "./documents";
import { exportLog } from "./export-log";

/** Saves all events of the filter, one a line. */
export function ExportButton({ filter, name }: { filter: EventFilter; name: string }) {
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async (): Promise<void> => {
    const control = new AbortController();
    stop.current = control;
    setDone(0);
    let total = 0;
    const parts = await exportLog({
      filter,
      signal: control.signal,
      onProgress: (n) => {
        total = n;
        setDone(n);
      },
    });
    setDone(null);
    if (!Array.isArray(parts)) {
      useNotices.getState().tell(`Nothing is saved: ${parts.message} (${parts.code})`, true);
      return;
    }
    if (control.signal.aborted) return;
    saveAs(`${name}.ndjson`, "application/x-ndjson", parts.join(""));
    useNotices.getState().tell(`${plural(total, "event")} saved, one a line.`);
  };
  if (done !== null) {
    return (
      <Button variant="outline" onClick={() => stop.current?.abort()}>
        {count(done)} read, stop
      </Button>
    );
  }
  return (
    <Button
      variant="outline"
      title="Save all events of this filter, one a line (NDJSON)"
      onClick={() => void run()}
    >
      <Download aria-hidden="true" /> Export
    </Button>
  );
}
