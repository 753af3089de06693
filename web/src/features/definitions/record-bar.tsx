import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import type { AppError } from "@/shared/graphql/errors";
import { Problem } from "@/shared/ui/states";
import { REASON_MAX } from "./rules";

interface Props {
  label: string;
  reason: string;
  onReason: (reason: string) => void;
  stage: string | null;
  error: AppError | null;
  blocked: string | null;
}

/** Why, and the button that records it; what the server refuses is said here. */
export function RecordBar({ label, reason, onReason, stage, error, blocked }: Props) {
  const why = blocked ?? (reason.trim() === "" ? "Say why first." : null);
  return (
    <div className="flex flex-col gap-2 border-border border-t pt-3">
      <div className="flex flex-col gap-1">
        <label htmlFor="reason" className="font-medium text-xs">
          Reason, for the record
        </label>
        <Input
          id="reason"
          autoComplete="off"
          maxLength={REASON_MAX}
          value={reason}
          onChange={(event) => onReason(event.target.value)}
        />
      </div>
      {error && <Problem error={error} />}
      <div className="flex items-center justify-end gap-2">
        <span id="record-why" className="text-muted-foreground text-xs">
          {stage ?? why}
        </span>
        <Button type="submit" aria-describedby="record-why" disabled={stage !== null || why !== null}>
          {stage === null ? label : "Recording…"}
        </Button>
      </div>
    </div>
  );
}
