import { Lock } from "lucide-react";
import { NavLink } from "react-router";
import { useAttention } from "@/shared/attention/store";
import { cn } from "@/shared/lib/utils";
import { mayAs, roleWord, useSession } from "@/shared/session/store";
import { useSystem } from "@/shared/system/store";
import { useKeeping } from "@/shared/url/links";
import { rooms } from "./rooms";

/** Counts stand only where they need somebody. */
function useCounts(): Record<string, { count: number; of: string }> {
  const ownerless = useAttention((s) => s.ownerless.total);
  const letters = useSystem((s) => s.system?.deadLetters ?? 0);
  const problems = useSystem((s) => s.system?.problems.length ?? 0);
  return {
    "/leadership": { count: ownerless, of: "without owner" },
    "/dead-letters": { count: Number(letters), of: "to decide on" },
    "/system": { count: problems, of: "problems" },
  };
}

export function Rail({ open, onLeave }: { open: boolean; onLeave: () => void }) {
  const viewer = useSession((s) => s.viewer);
  const keeping = useKeeping();
  const counts = useCounts();
  return (
    <nav
      aria-label="Main"
      data-no-print
      className={cn(
        "flex shrink-0 flex-col gap-0.5 border-border border-r bg-card p-1.5 lg:w-12 min-[90rem]:w-42",
        open ? "max-lg:absolute max-lg:inset-y-0 max-lg:z-30 max-lg:w-42" : "max-lg:hidden",
      )}
    >
      {rooms.map(({ to, label, icon: Icon, needs, apart }) => {
        const locked = !mayAs(viewer, needs);
        const { count, of } = counts[to] ?? { count: 0, of: "" };
        return (
          <NavLink
            key={to}
            to={keeping(to)}
            end={to === "/"}
            onClick={onLeave}
            title={locked ? `${label}: needs ${roleWord[needs]}` : label}
            className={({ isActive }) =>
              cn(
                "relative flex h-8 items-center gap-2 rounded px-2 hover:bg-accent",
                apart && "mt-3",
                isActive
                  ? "bg-selected font-semibold shadow-[inset_3px_0_0_var(--primary)]"
                  : "text-muted-foreground hover:text-foreground",
              )
            }
          >
            <Icon aria-hidden="true" className="size-4 shrink-0" />
            <span className="truncate lg:max-[89.99rem]:sr-only">{label}</span>
            {locked && <Lock aria-hidden="true" className="ml-auto size-3" />}
            {count > 0 && (
              <span className="ml-auto rounded-full bg-bad-soft px-1.5 font-medium text-bad text-xs lg:max-[89.99rem]:absolute lg:max-[89.99rem]:-top-0.5 lg:max-[89.99rem]:right-0">
                {count}
                <span className="sr-only"> {of}</span>
              </span>
            )}
          </NavLink>
        );
      })}
    </nav>
  );
}
