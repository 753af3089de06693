import { type RefObject, useEffect } from "react";
import { useBlocker } from "react-router";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { useSession } from "@/shared/session/store";

interface Props {
  changed: boolean;
  /** True from the moment on at which the change is recorded: the way on is free. */
  recorded: RefObject<boolean>;
  onLeave: () => void;
}

/** Asks before a change that is not recorded is left. Whoever has to sign in again leaves nothing: the draft stays. */
export function LeaveGuard({ changed, recorded, onLeave }: Props) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      changed &&
      !recorded.current &&
      currentLocation.pathname !== nextLocation.pathname &&
      useSession.getState().status === "in" &&
      nextLocation.pathname !== "/signin",
  );
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [changed]);
  if (blocker.state !== "blocked") return null;
  return (
    <Dialog title="Leave without recording?" onClose={() => blocker.reset()}>
      <p>What you have written here is not recorded yet.</p>
      <div className="mt-3 flex justify-end gap-2">
        <Button variant="ghost" onClick={() => blocker.reset()}>
          Stay
        </Button>
        <Button
          variant="danger"
          onClick={() => {
            onLeave();
            blocker.proceed();
          }}
        >
          Discard and leave
        </Button>
      </div>
    </Dialog>
  );
}
