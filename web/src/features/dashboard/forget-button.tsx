import { ArchiveX } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import type { AppError } from "@/shared/graphql/errors";
import { mayOperate, useSession } from "@/shared/session/store";
import { useAnnouncer } from "@/shared/ui/announcer";
import { Problem } from "@/shared/ui/states";
import type { Instance } from "./documents";
import { forget } from "./forget";

/** On the row of an ended instance: takes it out of the registry before its time, after a question. */
export function ForgetButton({ instance }: { instance: Instance }) {
  const allowed = useSession((s) => mayOperate(s.viewer));
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  // The row is about to leave, and whoever works by keyboard goes on in the list.
  const leave = (): void => {
    trigger.current?.closest<HTMLElement>("section")?.focus();
    setOpen(false);
  };
  const label = `Forget ${instance.instance}`;
  const title = allowed
    ? "Forget: take this ended instance out of the registry"
    : "Forgetting needs the role operator";
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          ref={trigger}
          variant="ghost"
          size="icon"
          className="ml-auto size-6 text-muted-foreground"
          aria-label={label}
          title={title}
          disabled={!allowed}
        >
          <ArchiveX aria-hidden="true" />
        </Button>
      </PopoverTrigger>
      <PopoverContent
        align="end"
        aria-label={label}
        className="w-80 p-3"
        onCloseAutoFocus={(event) => {
          if (document.activeElement?.tagName === "SECTION") event.preventDefault();
        }}
      >
        <ForgetForm instance={instance} onCancel={() => setOpen(false)} onDone={leave} />
      </PopoverContent>
    </Popover>
  );
}

interface FormProps {
  instance: Instance;
  onCancel: () => void;
  onDone: () => void;
}

function ForgetForm({ instance, onCancel, onDone }: FormProps) {
  const id = useId();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);
  const say = useAnnouncer((s) => s.say);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const refused = await forget(instance, reason.trim());
    setBusy(false);
    setError(refused);
    if (refused !== null) return;
    say(`${instance.instance} is forgotten`);
    onDone();
  };
  return (
    <form className="flex flex-col gap-2" onSubmit={(event) => void submit(event)}>
      <h3 className="truncate font-semibold" title={instance.instance}>
        Forget {instance.instance}?
      </h3>
      <p className="text-muted-foreground text-xs">
        It leaves the list on every replica. Its history stays in the log.
      </p>
      <label htmlFor={id} className="font-medium text-xs">
        Reason, for the record
      </label>
      <Input
        id={id}
        value={reason}
        maxLength={500}
        autoComplete="off"
        onChange={(event) => setReason(event.target.value)}
      />
      {error && <Problem error={error} />}
      <div className="flex justify-end gap-2 pt-1">
        <Button variant="ghost" size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" size="sm" disabled={busy || reason.trim() === ""}>
          {busy ? "Forgetting…" : "Forget"}
        </Button>
      </div>
    </form>
  );
}
