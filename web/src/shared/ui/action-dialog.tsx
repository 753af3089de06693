import { type FormEvent, type ReactNode, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { isRefused, type Told } from "@/shared/actions/outcome";
import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { Problem } from "./states";

export interface Act {
  /** Verb and object: `Drain trading-2`. */
  title: string;
  /** While it is under way: `Draining…`. */
  pending: string;
  /** What follows from it. */
  consequence: ReactNode;
  danger?: boolean;
  /** Carries it out; answers why it was not, where it is recorded, or null where that is told elsewhere. */
  run: (reason: string) => Promise<Told | null>;
}

interface Props {
  act: Act;
  onClose: () => void;
  /** Told when it has been carried out, with where it is recorded. */
  onDone: (recorded: Whole | null) => void;
  /** More to choose, before the reason. */
  children?: ReactNode;
  /** Whether what is to be chosen has been. */
  ready?: boolean;
}

const REASON_MAX = 500;

/** Says what an action does, asks why, carries it out. A refusal stays in the dialog. */
export function ActionDialog({ act, onClose, onDone, children, ready = true }: Props) {
  const id = useId();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const told = await act.run(reason.trim());
    setBusy(false);
    if (told !== null && isRefused(told)) setError(told);
    else onDone(told?.recorded ?? null);
  };
  return (
    <Dialog title={act.title} onClose={onClose}>
      <form className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
        <div className="max-w-[72ch]">{act.consequence}</div>
        {children}
        <div className="flex flex-col gap-1">
          <label htmlFor={id} className="font-medium text-xs">
            Reason, for the record
          </label>
          <Input
            id={id}
            value={reason}
            required
            maxLength={REASON_MAX}
            autoComplete="off"
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        {error && <Problem error={error} />}
        <div className="flex justify-end gap-2">
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            variant={act.danger ? "danger" : "default"}
            disabled={busy || !ready || reason.trim() === ""}
          >
            {busy ? act.pending : act.title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
