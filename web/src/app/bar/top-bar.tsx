import { Menu, Search, ShieldCheck } from "lucide-react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { useEvents } from "@/shared/events/store";
import { usePulse } from "@/shared/freshness/pulse";
import { highest } from "@/shared/graphql/exact";
import { mayAs, useSession } from "@/shared/session/store";
import { useSystem } from "@/shared/system/store";
import { useKeeping } from "@/shared/url/links";
import { useGoTo, useMoment } from "@/shared/url/moment";
import { Bell } from "./bell/bell";
import { FreshnessBadge } from "./freshness-badge";
import { RangeMenu } from "./range-menu";
import { ThemeMenu } from "./theme-menu";
import { UserMenu } from "./user-menu";
import { ZoneButton } from "./zone-button";

interface Props {
  onMenu: () => void;
  onSearch: () => void;
  onSignOut: () => void;
}

/** Fixed places, so that nothing moves when one of them says something else. */
export function TopBar({ onMenu, onSearch, onSignOut }: Props) {
  const keeping = useKeeping();
  const namespace = useSystem((s) => s.system?.namespace);
  return (
    <header
      data-no-print
      className="flex h-10 shrink-0 items-center gap-3 border-border border-b bg-card pr-2 pl-3"
    >
      <Button variant="ghost" size="icon" className="lg:hidden" aria-label="Menu" onClick={onMenu}>
        <Menu aria-hidden="true" />
      </Button>
      <Link to={keeping("/")} className="flex shrink-0 items-center gap-1.5 font-semibold text-panel">
        <ShieldCheck aria-hidden="true" className="size-4 text-primary" />
        <span className="max-lg:sr-only">Aegis</span>
      </Link>
      <span
        className="min-w-0 max-w-40 shrink truncate text-xs max-lg:hidden"
        title="Namespace of this installation"
      >
        <span className="text-muted-foreground">namespace</span> {namespace ?? "—"}
      </span>
      <FreshnessBadge />
      <AsOf />
      <div className="ml-auto flex min-w-0 items-center gap-1">
        <Button
          variant="outline"
          className="font-normal text-muted-foreground xl:w-48 xl:justify-start"
          aria-keyshortcuts="Control+K"
          onClick={onSearch}
        >
          <Search aria-hidden="true" />
          <span className="max-xl:sr-only">Search</span>{" "}
          <span aria-hidden="true" className="ml-auto text-axis max-xl:hidden">
            Ctrl K
          </span>
        </Button>
        <RangeMenu />
        <ZoneButton />
        <Bell />
        <ThemeMenu />
        <UserMenu onSignOut={onSignOut} />
      </div>
    </header>
  );
}

/** How far along the log the picture is. */
function AsOf() {
  const pulse = usePulse((s) => s.asOf);
  const events = useEvents((s) => s.asOf);
  const system = useSystem((s) => s.system);
  const past = useMoment();
  const goTo = useGoTo();
  const may = useSession((s) => mayAs(s.viewer, "AUDITOR"));
  const sequence = highest(highest(pulse, events), system?.asOfSequence ?? 0);
  return (
    <Button
      variant="ghost"
      className="-ml-2 w-26 justify-start overflow-hidden px-2 font-mono font-normal text-muted-foreground text-xs max-lg:hidden"
      aria-disabled={!may}
      title={
        may
          ? "The last event that this page has seen: look at the past from here (r)"
          : "The last event that this page has seen. Looking at the past needs Auditor."
      }
      data-key="replay"
      onClick={() => may && sequence !== 0 && goTo(past === null ? `s${sequence}` : null)}
    >
      seq <span data-testid="as-of">{sequence === 0 ? "—" : String(sequence)}</span>
    </Button>
  );
}
