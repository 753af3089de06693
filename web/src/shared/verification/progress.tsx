import { count } from "@/shared/figures/format";
import { useSystem } from "@/shared/system/store";
import type { Verification } from "./documents";

/** How far a verification that is under way has come. */
export function Progress({ of: { position } }: { of: Verification }) {
  const head = useSystem((s) => s.system?.headSequence ?? null);
  return (
    <span className="inline-flex items-center gap-2" data-testid="verifying">
      <progress
        aria-label="Verification of the log"
        className="h-2 w-28 accent-primary"
        max={head === null ? undefined : Math.max(1, Number(head))}
        value={head === null ? undefined : Math.min(Number(position), Number(head))}
      />
      Being verified, seq {count(position)}
      {head !== null && ` of ${count(head)}`}
    </span>
  );
}
