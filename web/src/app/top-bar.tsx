import { LogOut, ShieldCheck } from "lucide-react";
import { Button } from "@/components/ui/button";
import { useInstances } from "@/features/dashboard";
import { useEvents } from "@/features/events";
import { highest } from "@/shared/graphql/exact";
import { useSession } from "@/shared/session/store";
import { ConnectionBadge } from "./connection-badge";
import { useSystem } from "./system";
import { ThemeMenu } from "./theme-menu";

const roleWord = { VIEWER: "Viewer", AUDITOR: "Auditor", OPERATOR: "Operator", ADMIN: "Admin" };

export function TopBar({ onSignOut }: { onSignOut: () => void }) {
  const viewer = useSession((s) => s.viewer);
  return (
    <header className="flex h-10 shrink-0 items-center gap-4 border-border border-b bg-card px-3">
      <span className="flex items-center gap-1.5 font-semibold">
        <ShieldCheck aria-hidden="true" className="size-4 text-primary" /> Aegis
      </span>
      <ConnectionBadge />
      <AsOf />
      <div className="ml-auto flex min-w-0 items-center gap-2">
        {viewer && (
          <span className="flex min-w-0 items-center gap-1.5">
            <span className="truncate" data-testid="viewer">
              {viewer.name}
            </span>
            <span className="rounded-sm border border-border px-1 text-muted-foreground text-xs">
              {roleWord[viewer.role]}
            </span>
          </span>
        )}
        <ThemeMenu />
        <Button variant="ghost" size="sm" onClick={onSignOut}>
          <LogOut aria-hidden="true" /> Sign out
        </Button>
      </div>
    </header>
  );
}

/** How far along the log the picture is. */
function AsOf() {
  const instances = useInstances((s) => s.asOf);
  const events = useEvents((s) => s.asOf);
  const system = useSystem((s) => s.system);
  const sequence = highest(highest(instances, events), system?.asOfSequence ?? 0);
  if (sequence === 0) return null;
  return (
    <span
      className="truncate text-muted-foreground text-xs"
      title="Sequence of the last event that this page has seen"
    >
      as of seq <span data-testid="as-of">{sequence}</span>
      {system && <span className="max-lg:hidden"> · {system.namespace}</span>}
    </span>
  );
}
