import { ExternalLink, Settings } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { templateRule, traceUrl, useTraces } from "./template";

/** Leads to the trace of an id, where somebody has said where traces are; and lets them say so. */
export function TraceLink({ id }: { id: string }) {
  const template = useTraces((s) => s.template);
  const [open, setOpen] = useState(false);
  const url = traceUrl(template, id);
  return (
    <span className="inline-flex shrink-0 items-center">
      {url !== null && (
        <a
          href={url}
          target="_blank"
          rel="noreferrer"
          className="inline-flex items-center gap-1 text-primary hover:underline"
        >
          <ExternalLink aria-hidden="true" className="size-3" /> Trace
        </a>
      )}
      <Popover open={open} onOpenChange={setOpen}>
        <PopoverTrigger asChild>
          <Button
            variant="ghost"
            size="icon"
            className="size-6"
            aria-label="Where traces are"
            title="Where traces are"
          >
            <Settings aria-hidden="true" className="size-3 text-muted-foreground" />
          </Button>
        </PopoverTrigger>
        <PopoverContent aria-label="Where traces are" align="end" className="w-80">
          <TemplateForm onDone={() => setOpen(false)} />
        </PopoverContent>
      </Popover>
    </span>
  );
}

function TemplateForm({ onDone }: { onDone: () => void }) {
  const id = useId();
  const { template, set } = useTraces();
  const [text, setText] = useState(template);
  const typed = text.trim();
  const breach = typed === "" ? null : templateRule(typed);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (breach !== null) return;
    set(typed);
    onDone();
  };
  return (
    <form className="flex flex-col gap-1" onSubmit={submit}>
      <label htmlFor={id} className="font-medium text-xs">
        Address of a trace, in this browser
      </label>
      <Input
        id={id}
        aria-describedby={`${id}-rule`}
        aria-invalid={breach !== null}
        placeholder="https://traces.example/{traceId}"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <p id={`${id}-rule`} className={breach === null ? "text-muted-foreground text-xs" : "text-bad text-xs"}>
        {breach ?? "{traceId} stands for the correlation of the event. Empty: no links."}
      </p>
      <Button type="submit" className="self-end" disabled={breach !== null}>
        Keep
      </Button>
    </form>
  );
}
