import { Input } from "@/components/ui/input";
import { cn } from "@/shared/lib/utils";
import { formatSpan } from "@/shared/time/duration";
import { leaseOf, policies } from "./content";
import type { Draft } from "./draft";
import { Rule, told } from "./field";

const words: Record<Draft["policy"], { title: string; for: string }> = {
  "": { title: "Not declared", for: "each instance's own setting holds" },
  AGGRESSIVE: { title: "Aggressive", for: "quiet networks and machines" },
  BALANCED: { title: "Balanced", for: "most services" },
  CONSERVATIVE: { title: "Conservative", for: "machines that pause, networks that stall" },
  CUSTOM: { title: "Custom", for: "a lease of one's own" },
};

const leaseText = (policy: Draft["policy"]): string =>
  policy === "" || policy === "CUSTOM" ? "" : `, lease ${formatSpan(leaseOf[policy]).replace(".00", "")}`;

interface Props {
  draft: Draft;
  breach: string | undefined;
  onChange: (change: Partial<Draft>) => void;
}

/** How fast a lost owner is replaced: one of four policies, or none. */
export function PolicyCards({ draft, breach, onChange }: Props) {
  return (
    <fieldset className="flex flex-col gap-1" aria-describedby="failover-rule">
      <legend className="mb-1 font-medium text-xs">Failover</legend>
      <div className="grid grid-cols-3 gap-2 max-lg:grid-cols-2">
        {(["", ...policies] as const).map((policy) => (
          <label
            key={policy}
            className={cn(
              "flex cursor-pointer items-start gap-2 rounded border px-2 py-1.5 hover:bg-accent",
              draft.policy === policy ? "border-primary bg-selected" : "border-input",
            )}
          >
            <input
              type="radio"
              name="failover"
              className="mt-0.5 accent-[var(--primary)]"
              checked={draft.policy === policy}
              onChange={() => onChange({ policy })}
            />
            <span className="min-w-0">
              <span className="block font-medium">
                {words[policy].title}
                {leaseText(policy)}
              </span>
              <span className="block text-muted-foreground text-xs">{words[policy].for}</span>
            </span>
          </label>
        ))}
        {draft.policy === "CUSTOM" && (
          <div className="flex items-center gap-2">
            <label htmlFor="leaseMs" className="font-medium text-xs">
              Lease
            </label>
            <Input
              {...told("leaseMs", breach)}
              className="w-24"
              inputMode="numeric"
              value={draft.leaseMs}
              onChange={(event) => onChange({ leaseMs: event.target.value })}
            />
            <span className="text-muted-foreground">ms</span>
          </div>
        )}
      </div>
      <Rule
        id={draft.policy === "CUSTOM" ? "leaseMs" : "failover"}
        rule="How fast a lost owner of a group is replaced. Instances read it when they start."
        breach={breach}
      />
    </fieldset>
  );
}
