import { Download } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { NativeSelect } from "@/components/ui/native-select";
import { count, plural } from "@/shared/figures/format";
import { saveAs } from "@/shared/lib/save-as";
import { OutcomeTable } from "./outcome-table";
import { reportOf } from "./report";
import { type Outcome, runMany } from "./run";
import { type Preview, usePreviews } from "./use-previews";

export interface BulkItem {
  key: string;
  service: string;
  name: string;
}

export interface BulkAct<Item extends BulkItem> {
  /** `Step down`, `stepped down`, `Stepping down…`, `group`. */
  verb: string;
  past: string;
  pending: string;
  noun: string;
  danger?: boolean;
  /** What follows from it, for all of them. */
  consequence: ReactNode;
  /** Of so many at a time as `size` says, in their order. */
  preview: (items: readonly Item[]) => Promise<readonly Preview[]>;
  size: number;
  run: (item: Item, reason: string) => Promise<Outcome>;
}

interface Props<Item extends BulkItem> {
  items: readonly Item[];
  act: BulkAct<Item>;
  onClose: () => void;
}

const RATES = [1, 2, 5, 20];
const REASON_MAX = 500;

/** Says what would become of each, then acts on one after the other, no faster than told, with a result for each. */
export function BulkDialog<Item extends BulkItem>({ items, act, onClose }: Props<Item>) {
  const id = useId();
  const [reason, setReason] = useState("");
  const [perSecond, setPerSecond] = useState(1);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [busy, setBusy] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const previews = usePreviews(items, ({ key }) => key, act.preview, act.size);
  const left = items.filter(({ key }) => !outcomes.has(key) && previews.get(key)?.blocked !== true);
  const failed = [...outcomes.values()].filter(({ kind }) => kind === "failed").length;
  const known = items.every(({ key }) => previews.has(key));
  const title = `${act.verb} ${plural(items.length, act.noun)}`;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const control = new AbortController();
    stop.current = control;
    setBusy(true);
    await runMany({
      items: left,
      perSecond,
      act: (item) => act.run(item, reason.trim()),
      onOutcome: ({ key }, outcome) => setOutcomes((all) => new Map(all).set(key, outcome)),
      signal: control.signal,
    });
    setBusy(false);
  };
  const close = (): void => {
    stop.current?.abort();
    onClose();
  };
  const save = (): void => {
    const lines = items.map(({ key, service, name }) => ({
      service,
      name,
      preview: previews.get(key),
      outcome: outcomes.get(key),
    }));
    saveAs(
      `${act.verb.toLowerCase().replace(" ", "-")}.csv`,
      "text/csv",
      reportOf(act.verb, reason.trim(), lines),
    );
  };
  return (
    <Dialog title={title} onClose={close} className="top-12 w-[48rem]">
      <form className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
        <div className="max-w-[72ch]">{act.consequence}</div>
        <p role="status" className="font-medium" data-testid="bulk-status">
          {outcomes.size === 0
            ? `Preview, nothing is done yet: ${count(left.length)} of ${count(items.length)} can be.`
            : `${count(outcomes.size - failed)} ${act.past}, ${count(failed)} failed, ${count(left.length)} left.`}
        </p>
        <OutcomeTable items={items} previews={previews} outcomes={outcomes} />
        <div className="flex flex-wrap items-end gap-2">
          <div className="flex min-w-48 flex-1 flex-col gap-1">
            <label htmlFor={`${id}-reason`} className="font-medium text-xs">
              Reason, for the record
            </label>
            <Input
              id={`${id}-reason`}
              required
              autoComplete="off"
              maxLength={REASON_MAX}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
          <div className="flex flex-col gap-1">
            <label htmlFor={`${id}-rate`} className="font-medium text-xs">
              At most
            </label>
            <NativeSelect
              id={`${id}-rate`}
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
        </div>
        <div className="flex justify-end gap-2">
          <Button variant="outline" className="mr-auto" disabled={!known} onClick={save}>
            <Download aria-hidden="true" /> Export as CSV
          </Button>
          {busy ? (
            <Button variant="outline" onClick={() => stop.current?.abort()}>
              Stop
            </Button>
          ) : (
            <Button variant="ghost" onClick={close}>
              {outcomes.size > 0 ? "Close" : "Cancel"}
            </Button>
          )}
          <Button
            type="submit"
            variant={act.danger ? "danger" : "default"}
            disabled={busy || !known || left.length === 0 || reason.trim() === ""}
          >
            {busy ? act.pending : `${act.verb} ${plural(left.length, act.noun)}`}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
