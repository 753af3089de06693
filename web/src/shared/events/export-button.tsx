import { Download } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { count, plural } from "@/shared/figures/format";
import { saveAs } from "@/shared/lib/save-as";
import { useNotices } from "@/shared/ui/notice";
import type { EventFilter } from "./documents";
import { exportLog, type Form } from "./export-log";

const forms: Record<Form, { label: string; mime: string }> = {
  ndjson: { label: "As it is stored, one a line (NDJSON)", mime: "application/x-ndjson" },
  csv: { label: "As a table (CSV)", mime: "text/csv" },
};

/** Saves all events of the filter. */
export function ExportButton({ filter, name }: { filter: EventFilter; name: string }) {
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async (form: Form): Promise<void> => {
    const control = new AbortController();
    stop.current = control;
    setDone(0);
    let total = 0;
    const parts = await exportLog({
      filter,
      form,
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
    saveAs(`${name}.${form}`, forms[form].mime, parts.join(""));
    useNotices.getState().tell(`${plural(total, "event")} saved.`);
  };
  if (done !== null) {
    return (
      <Button variant="outline" onClick={() => stop.current?.abort()}>
        {count(done)} read, stop
      </Button>
    );
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="outline" title="Save all events of this filter">
          <Download aria-hidden="true" /> Export
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        {(Object.keys(forms) as Form[]).map((form) => (
          <DropdownMenuItem key={form} onSelect={() => void run(form)}>
            {forms[form].label}
          </DropdownMenuItem>
        ))}
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
