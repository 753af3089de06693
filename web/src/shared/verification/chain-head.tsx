import { Button } from "@/components/ui/button";
import { useMoment } from "@/shared/url/moment";
import { ChainMark } from "./chain-mark";
import { chainStateOf } from "./chain-state";
import { Progress } from "./progress";
import { useVerification } from "./use-verification";

/** Whether the chain of the log holds, with a way to find out now. For the head of a page. */
export function ChainHead() {
  const { may, last, known, error, verify } = useVerification();
  const isPast = useMoment() !== null;
  if (!may || (!known && !error)) return null;
  if (error) return <span className="truncate text-warn">Whether the chain holds is not known.</span>;
  const state = chainStateOf(last);
  return (
    <span className="flex min-w-0 items-center gap-2" data-testid="chain">
      {state.kind === "running" && last ? (
        <Progress of={last} />
      ) : (
        <>
          {state.kind !== "running" && <ChainMark state={state} />}
          {!isPast && (
            <Button variant="ghost" className="h-6 shrink-0" onClick={verify}>
              Verify now
            </Button>
          )}
        </>
      )}
    </span>
  );
}
