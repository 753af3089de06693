import { type ReactNode, useState } from "react";
import { Toggle } from "@/components/ui/toggle";
import { bytes, NONE } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { sentence } from "@/shared/ui/states";
import type { WholeLetter } from "./documents";
import { previewOf } from "./letters";
import { pretty } from "./payload";

/** One letter in full: why, where from, where to, headers and payload. */
export function LetterFacts({ letter, className }: { letter: WholeLetter; className?: string }) {
  const zone = useZone((s) => s.zone);
  const preview = previewOf(letter, "redrive");
  return (
    <div className={cn("space-y-3", className)}>
      <p className="font-medium">{sentence(letter.reason ?? "whoever put it aside did not say why")}</p>
      <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        <Row name="Put aside">{formatMoment(letter.at, zone)}</Row>
        <Row name="Kind">{letter.kind}</Row>
        <Row name="Came from">
          {letter.originalSubject ?? NONE}
          {letter.originalStream &&
            `, message ${letter.originalSequence ?? NONE} of ${letter.originalStream}`}
        </Row>
        <Row name="Redrive">
          {preview.possible ? "" : "not possible: "}
          {preview.text}
        </Row>
        <Row name="Letter on">{letter.subject}</Row>
      </dl>
      <h3 className="font-semibold">Headers</h3>
      {letter.headers.length === 0 && <p className="text-muted-foreground">It has none.</p>}
      <dl className="grid grid-cols-[minmax(0,10rem)_minmax(0,1fr)] gap-x-2 gap-y-0.5 font-mono text-xs">
        {letter.headers.map(({ name, value }) => (
          <Row key={`${name} ${value}`} name={name}>
            {value}
          </Row>
        ))}
      </dl>
      <Payload letter={letter} />
    </div>
  );
}

function Payload({ letter }: { letter: WholeLetter }) {
  const [raw, setRaw] = useState(false);
  const shown = letter.text === null ? letter.base64 : raw ? letter.text : pretty(letter.text);
  const what = letter.text === null ? "bytes, in base64" : "text";
  return (
    <section aria-label="Payload">
      <div className="mb-1 flex h-7 items-center gap-2">
        <h3 className="font-semibold">Payload</h3>
        <span className="text-muted-foreground text-xs">
          {bytes(letter.size)}, {what}
          {letter.truncated && "; the first 4 KiB are shown"}
        </span>
        {letter.text !== null && pretty(letter.text) !== letter.text && (
          <Toggle pressed={raw} className="ml-auto h-6" onClick={() => setRaw(!raw)}>
            Raw
          </Toggle>
        )}
      </div>
      <pre className="overflow-auto rounded-sm border border-border bg-background p-2 font-mono text-xs">
        {shown === "" ? "(empty)" : shown}
      </pre>
    </section>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="truncate text-muted-foreground" title={name}>
        {name}
      </dt>
      <dd className="min-w-0 select-text break-words">{children}</dd>
    </>
  );
}
