import { Link2, Link2Off, type LucideIcon, ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { count, plural } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { sentence } from "@/shared/ui/states";
import { useKeeping } from "@/shared/url/links";
import type { ChainState } from "./chain-state";

/** Whether the chain of the log holds, in a few words. */
export function ChainMark({ state }: { state: Exclude<ChainState, { kind: "running" }> }) {
  const keeping = useKeeping();
  switch (state.kind) {
    case "verified":
      return (
        <Mark icon={Link2} tone="text-ok">
          Chain verified to seq {count(state.position)}, <Age since={state.at} short /> ago
        </Mark>
      );
    case "broken":
      return (
        <Mark icon={ShieldAlert} tone="font-medium text-bad" title={state.first ?? undefined}>
          <Link to={keeping("/system")} className="underline">
            {plural(Number(state.findings), "finding")} in the log
          </Link>
          {state.first !== null && `: ${state.first}`}
        </Mark>
      );
    case "failed":
      return (
        <Mark icon={Link2Off} tone="text-warn" title={state.message}>
          Not verified: {sentence(state.message)}
        </Mark>
      );
    case "none":
      return (
        <Mark icon={Link2Off} tone="text-muted-foreground">
          Not verified yet
        </Mark>
      );
  }
}

interface MarkProps {
  icon: LucideIcon;
  tone: string;
  title?: string | undefined;
  children: ReactNode;
}

function Mark({ icon: Icon, tone, title, children }: MarkProps) {
  return (
    <span className={cn("inline-flex min-w-0 items-center gap-1.5", tone)} title={title}>
      <Icon aria-hidden="true" className="size-3.5 shrink-0" />
      <span className="truncate">{children}</span>
    </span>
  );
}
