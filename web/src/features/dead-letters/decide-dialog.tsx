import { Download } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { NativeSelect } from "@/components/ui/native-select";
import { plural } from "@/shared/figures/format";
import { formatAge } from "@/shared/time/duration";
import { decideMany, type Result } from "./decide";
import { deedWord } from "./decided";
import type { Letter } from "./documents";
import { resultsCsv, saveCsv } from "./export-letters";
import { type Deed, letterKey, outcomesOf, previewOf } from "./letters";
import { OutcomeList } from "./outcome-list";

interface Props {
  letters: readonly Letter[];
  deed: Deed;
  onResult: (letter: Letter, result: Result) => void;
  onClose: () => void;
}

const RATES = [1, 5, 20, 100];
const REASON_MAX = 500;

const consequence: Record<Deed, string> = {
  redrive: "Each message is sent to its subject again, with its own headers, and its letter is removed.",
  discard: "Each message is given up: its letter is removed. That cannot be undone.",
};

/** Says what becomes of each letter, then decides on them one by one, no faster than told, with a result for each. */
export function DecideDialog({ letters, deed, onResult, onClose }: Props) {
  const [reason, setReason] = useState("");
  const [perSecond, setPerSecond] = useState(5);
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const [busy, setBusy] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const { verb, past, going } = deedWord[deed];
  const able = letters.filter((each) => previewOf(each, deed).possible);
  const left = able.filter((each) => !results.has(letterKey(each)));
  const failed = [...results.values()].filter(({ kind }) => kind === "failed").length;
  const title =
    letters.length === 1 ? `${verb} letter ${letters[0]?.sequence}` : `${verb} ${letters.length} letters`;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const control = new AbortController();
    stop.current = control;
    setBusy(true);
    await decideMany({
      letters: left,
      deed,
      reason: reason.trim(),
      perSecond,
      signal: control.signal,
      onResult: (letter, result) => {
        setResults((all) => new Map(all).set(letterKey(letter), result));
        onResult(letter, result);
      },
    });
    setBusy(false);
  };
  const close = (): void => {
    stop.current?.abort();
    onClose();
  };

  return (
    <Dialog title={title} onClose={close} className="top-12 w-[48rem]">
      <form className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
        <p>{consequence[deed]}</p>
        <p role="status" className="font-medium">
          {results.size === 0
            ? `Preview, nothing is done yet: ${able.length} of ${plural(letters.length, "letter")} can be.`
            : `${past} ${results.size - failed}, failed ${failed}, left ${left.length}.`}
        </p>
        <Destinations letters={letters} deed={deed} />
        <OutcomeList letters={letters} deed={deed} results={results} />
        <div className="flex flex-wrap items-end gap-2">
          <div className="flex min-w-48 flex-1 flex-col gap-1">
            <label htmlFor="decide-reason" className="font-medium text-xs">
              Reason, for the record
            </label>
            <Input
              id="decide-reason"
              required
              autoComplete="off"
              maxLength={REASON_MAX}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
          {letters.length > 1 && (
            <div className="flex flex-col gap-1">
              <label htmlFor="decide-rate" className="font-medium text-xs">
                At most
              </label>
              <NativeSelect
                id="decide-rate"
                className="w-32"
                value={perSecond}
                disabled={busy}
                onChange={(event) => setPerSecond(Number(event.target.value))}
              >
                {RATES.map((rate) => (
                  <option key={rate} value={rate}>
                    {rate} a second
                  </option>
                ))}
              </NativeSelect>
            </div>
          )}
          {letters.length > 1 && left.length > perSecond && (
            <span className="pb-1.5 text-muted-foreground" data-testid="duration">
              takes about {formatAge((left.length / perSecond) * 1_000)}
            </span>
          )}
          <div className="ml-auto flex gap-2">
            <Button
              variant="outline"
              disabled={busy}
              onClick={() =>
                saveCsv(`dead-letters-${deed}`, resultsCsv(letters, deed, reason.trim(), results))
              }
            >
              <Download aria-hidden="true" /> {results.size === 0 ? "Export preview" : "Export results"}
            </Button>
            {busy ? (
              <Button variant="outline" onClick={() => stop.current?.abort()}>
                Stop
              </Button>
            ) : (
              <Button variant="ghost" onClick={close}>
                {results.size > 0 ? "Close" : "Cancel"}
              </Button>
            )}
            <Button
              type="submit"
              variant={deed === "discard" ? "danger" : "default"}
              disabled={busy || left.length === 0 || reason.trim() === ""}
            >
              {busy ? going : left.length === letters.length ? title : `${verb} ${left.length}`}
            </Button>
          </div>
        </div>
      </form>
    </Dialog>
  );
}

/** How many letters come to the same, the most first. */
function Destinations({ letters, deed }: Pick<Props, "letters" | "deed">) {
  if (letters.length < 2) return null;
  return (
    <ul className="flex flex-col gap-0.5 text-muted-foreground" data-testid="destinations">
      {outcomesOf(letters, deed).map(({ text, possible, count: many }) => (
        <li key={`${possible} ${text}`} className={possible ? undefined : "text-warn"}>
          {plural(many, "letter")}: {possible ? `each ${text}` : `left out, ${text}`}
        </li>
      ))}
    </ul>
  );
}
