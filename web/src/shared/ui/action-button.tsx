import { type ReactNode, useId } from "react";
import { Button } from "@/components/ui/button";
import { useLock } from "@/shared/session/lock";
import type { Role } from "@/shared/session/store";

interface Props {
  needs: Role;
  onClick: () => void;
  children: ReactNode;
  danger?: boolean;
  /** Why it makes no sense now, whoever asks. */
  blocked?: string | null;
}

/** Does something to the system. Whoever may not sees it, and hears why. */
export function ActionButton({ needs, onClick, children, danger = false, blocked = null }: Props) {
  const lock = useLock(needs);
  const id = useId();
  const why = lock ?? blocked;
  return (
    <>
      <Button
        variant={danger ? "danger" : "outline"}
        aria-disabled={why !== null}
        aria-describedby={why === null ? undefined : id}
        title={why ?? undefined}
        onClick={() => why === null && onClick()}
      >
        {children}
      </Button>
      {why !== null && (
        <span id={id} className="sr-only">
          {why}
        </span>
      )}
    </>
  );
}
