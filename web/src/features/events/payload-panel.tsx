import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import type { Event } from "@/shared/events/documents";
import { stringify } from "@/shared/graphql/exact";
import { leavesOf } from "./json-diff";

type Form = "values" | "raw" | "record";

const forms: Record<Form, { label: string; title: string }> = {
  values: { label: "Values", title: "The payload, value by value" },
  raw: { label: "Raw", title: "The payload as it is stored" },
  record: { label: "Record", title: "All of the event, with its payload" },
};

/** The payload as it is stored: its values by path, raw, or with all else that the log has of the event. */
export function PayloadPanel({ event }: { event: Event }) {
  const [form, setForm] = useState<Form>("values");
  const [copied, setCopied] = useState<string | null>(null);
  const text = stringify(form === "record" ? event : event.data, 2) ?? "null";
  const copy = (): void => void navigator.clipboard?.writeText(text).then(() => setCopied(text));
  const isCopied = copied === text;
  return (
    <section aria-label="Payload">
      <div className="mb-1 flex items-center gap-1">
        <h3 className="mr-auto font-semibold">Payload</h3>
        {(Object.keys(forms) as Form[]).map((each) => (
          <Toggle
            key={each}
            pressed={form === each}
            title={forms[each].title}
            className="h-6"
            onClick={() => setForm(each)}
          >
            {forms[each].label}
          </Toggle>
        ))}
        <Button
          variant="ghost"
          size="icon"
          aria-label={isCopied ? "Copied" : form === "record" ? "Copy the record" : "Copy the payload"}
          onClick={copy}
        >
          {isCopied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
        </Button>
      </div>
      {form === "values" ? (
        <dl className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-x-3 rounded-sm border border-border bg-background p-2 font-mono text-xs">
          {leavesOf(event.data).map(([path, value]) => (
            <div key={path} className="contents">
              <dt className="break-all text-muted-foreground">{path === "" ? "value" : path}</dt>
              <dd className="select-text break-all">{value}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <section
          aria-label={forms[form].title}
          tabIndex={0}
          className="overflow-auto rounded-sm border border-border bg-background p-2"
        >
          <pre className="font-mono text-xs">{text}</pre>
        </section>
      )}
    </section>
  );
}
