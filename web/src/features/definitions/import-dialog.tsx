import { type ChangeEvent, useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { Textarea } from "@/components/ui/textarea";
import { plural } from "@/shared/figures/format";
import { carryOut, type Result } from "./carry-out";
import type { Definition } from "./documents";
import { planOf, todo } from "./plan";
import { PlanList } from "./plan-list";
import { REASON_MAX } from "./rules";
import { readFile } from "./transfer-file";

interface Props {
  standing: readonly Definition[];
  onClose: () => void;
}

const PLACEHOLDER = `definitions:
- service: trading-service
  owner: Equities desk
  description: Sends orders
  version: 1.5.0`;

/** Takes a file of definitions, shows its plan against what stands, and carries it out when told to. */
export default function ImportDialog({ standing, onClose }: Props) {
  const [text, setText] = useState("");
  const [prune, setPrune] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  // The plan stands once it is being carried out: what it compares with is changed by it.
  const [fixed, setFixed] = useState<ReturnType<typeof planOf> | null>(null);
  const read = useMemo(() => (text.trim() === "" ? null : readFile(text)), [text]);
  const live = read && "entries" in read ? planOf(read.entries, standing, prune) : null;
  const plan = fixed ?? live;
  const open = plan ? todo(plan).filter(({ service }) => !results.has(service)) : [];
  const failed = [...results.values()].filter(({ kind }) => kind === "failed").length;

  const choose = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = event.target.files ?? [];
    if (file) setText(await file.text());
  };
  const apply = async (): Promise<void> => {
    if (!plan) return;
    setFixed(plan);
    setBusy(true);
    await carryOut(todo(plan), reason.trim(), (service, result) =>
      setResults((all) => new Map(all).set(service, result)),
    );
    setBusy(false);
  };

  return (
    <Dialog title="Import definitions" onClose={onClose} className="top-12 w-[56rem]">
      <div className="flex flex-col gap-3">
        {fixed === null && (
          <>
            <div className="flex flex-wrap items-center gap-3">
              <label className="flex items-center gap-2">
                <span className="font-medium text-xs">File, YAML or JSON</span>
                <input
                  type="file"
                  accept=".yaml,.yml,.json"
                  className="file:mr-2 file:h-7 file:cursor-pointer file:rounded file:border file:border-input file:bg-card file:px-2.5 file:font-medium"
                  onChange={(event) => void choose(event)}
                />
              </label>
              <label className="ml-auto flex items-center gap-1.5">
                <input type="checkbox" checked={prune} onChange={(event) => setPrune(event.target.checked)} />
                Retire what is not in the file
              </label>
            </div>
            <Textarea
              aria-label="Definitions as text"
              rows={8}
              spellCheck={false}
              placeholder={PLACEHOLDER}
              className="font-mono text-xs"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </>
        )}
        {read && "problems" in read && (
          <ul role="alert" className="rounded-sm bg-bad-soft p-2 text-bad">
            {read.problems.map(({ line, text: what }) => (
              <li key={`${line} ${what}`}>
                Line {line}: {what}.
              </li>
            ))}
          </ul>
        )}
        {plan && <PlanList steps={plan} results={results} />}
        {plan && results.size === 0 && (
          <form
            className="flex items-end gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              void apply();
            }}
          >
            <div className="flex flex-1 flex-col gap-1">
              <label htmlFor="import-reason" className="font-medium text-xs">
                Reason, for the record
              </label>
              <Input
                id="import-reason"
                autoComplete="off"
                maxLength={REASON_MAX}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </div>
            <Button type="submit" disabled={busy || open.length === 0 || reason.trim() === ""}>
              {open.length === 0 ? "Nothing to do" : `Apply ${plural(open.length, "change")}`}
            </Button>
          </form>
        )}
        {results.size > 0 && (
          <div className="flex items-center justify-end gap-3">
            <span role="status">
              {busy
                ? `${open.length} left…`
                : failed === 0
                  ? "All of it is applied."
                  : `${plural(failed, "change")} not applied; import again to see what is left.`}
            </span>
            <Button disabled={busy} onClick={onClose}>
              Close
            </Button>
          </div>
        )}
      </div>
    </Dialog>
  );
}
