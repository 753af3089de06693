import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { NativeSelect } from "@/components/ui/native-select";
import { useSilences } from "@/shared/attention/silences";
import type { ShownItem } from "@/shared/attention/use-items";

const spans: [number, string][] = [
  [900_000, "15 minutes"],
  [3_600_000, "1 hour"],
  [14_400_000, "4 hours"],
  [86_400_000, "24 hours"],
];

/** Until when one does not want to hear of it, and why. */
export function SilenceForm({ item, onDone }: { item: ShownItem; onDone: () => void }) {
  const id = useId();
  const silence = useSilences((s) => s.silence);
  const [ms, setMs] = useState(3_600_000);
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    silence(item.key, ms, reason.trim());
    onDone();
  };
  return (
    <form className="flex items-end gap-2 py-1 pl-5.5" onSubmit={submit}>
      <NativeSelect
        aria-label="For how long"
        className="w-28"
        value={ms}
        onChange={(event) => setMs(Number(event.target.value))}
      >
        {spans.map(([span, label]) => (
          <option key={span} value={span}>
            {label}
          </option>
        ))}
      </NativeSelect>
      <div className="flex min-w-0 flex-1 flex-col gap-0.5">
        <label htmlFor={id} className="text-xs">
          Why
        </label>
        <Input
          id={id}
          required
          maxLength={200}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <Button type="submit" disabled={reason.trim() === ""}>
        Silence
      </Button>
    </form>
  );
}
