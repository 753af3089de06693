import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { Toggle } from "@/components/ui/toggle";
import { setLog } from "@/shared/actions/carry-out";
import type { AppError } from "@/shared/graphql/errors";
import { ActionButton } from "@/shared/ui/action-button";
import { useNotices } from "@/shared/ui/notice";
import { Problem } from "@/shared/ui/states";

interface Props {
  service: string;
  instance: string;
  /** What passes now. */
  filter: string;
  onDone: () => void;
}

/** Changes what an instance logs while it runs. */
export function LogButton(props: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionButton needs="OPERATOR" onClick={() => setOpen(true)}>
        Log level…
      </ActionButton>
      {open && <LogDialog {...props} onClose={() => setOpen(false)} />}
    </>
  );
}

const LEVELS = ["error", "warn", "info", "debug", "trace"];
const FILTER_MAX = 1_000;
/** The instance reports its configuration a moment after it has answered. */
const REPORTED_MS = 1_000;

function LogDialog({ service, instance, filter, onDone, onClose }: Props & { onClose: () => void }) {
  const id = useId();
  const [wanted, setWanted] = useState(filter);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);
  const tell = useNotices((s) => s.tell);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const refused = await setLog({ service, instance }, wanted.trim());
    setBusy(false);
    setError(refused);
    if (refused) return;
    tell(`${instance} logs ${wanted.trim()}.`);
    onDone();
    setTimeout(onDone, REPORTED_MS);
    onClose();
  };
  return (
    <Dialog title={`Log level of ${instance}`} onClose={onClose}>
      <form className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
        <p className="max-w-[72ch]">
          {instance} logs what passes this from now on, until it starts anew. Much of it at debug and trace
          may slow it down. It reports its configuration anew, which is the record of it.
        </p>
        <fieldset className="flex gap-1">
          <legend className="sr-only">A level for all of it</legend>
          {LEVELS.map((level) => (
            <Toggle key={level} pressed={wanted === level} onClick={() => setWanted(level)}>
              {level}
            </Toggle>
          ))}
        </fieldset>
        <div className="flex flex-col gap-1">
          <label htmlFor={id} className="font-medium text-xs">
            Filter
          </label>
          <Input
            id={id}
            required
            autoComplete="off"
            maxLength={FILTER_MAX}
            className="font-mono"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
          <p className="text-muted-foreground text-xs">
            A level, or several with what they are for, as info,my_service=debug.
          </p>
        </div>
        {error && <Problem error={error} />}
        <div className="flex justify-end gap-2">
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={busy || wanted.trim() === ""}>
            {busy ? "Setting…" : "Set log level"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
