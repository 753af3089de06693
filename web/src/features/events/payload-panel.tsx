import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import { stringify } from "@/shared/graphql/exact";
import { leavesOf } from "./json-diff";

/** The payload as it is stored: its values by path, or raw. */
export function PayloadPanel({ data }: { data: unknown }) {
  const [raw, setRaw] = useState(false);
  const [copied, setCopied] = useState(false);
  const text = stringify(data, 2) ?? "null";
  const copy = (): void => void navigator.clipboard?.writeText(text).then(() => setCopied(true));
  return (
    <section aria-label="Payload">
      <div className="mb-1 flex items-center gap-1">
        <h3 className="font-semibold">Payload</h3>
        <Toggle pressed={raw} className="ml-auto h-6" onClick={() => setRaw(!raw)}>
          Raw
        </Toggle>
        <Button
          variant="ghost"
          size="icon"
          aria-label={copied ? "Payload copied" : "Copy the payload"}
          onClick={copy}
        >
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
        </Button>
      </div>
      {raw ? (
        <pre className="overflow-auto rounded-sm border border-border bg-background p-2 font-mono text-xs">
          {text}
        </pre>
      ) : (
        <dl className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-x-3 rounded-sm border border-border bg-background p-2 font-mono text-xs">
          {leavesOf(data).map(([path, value]) => (
            <div key={path} className="contents">
              <dt className="break-all text-muted-foreground">{path === "" ? "value" : path}</dt>
              <dd className="select-text break-all">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
