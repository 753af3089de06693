import { LayoutDashboard, type LucideIcon, ScrollText } from "lucide-react";
import { NavLink } from "react-router";
import { cn } from "@/shared/lib/utils";

const rooms: { to: string; label: string; icon: LucideIcon }[] = [
  { to: "/", label: "Dashboard", icon: LayoutDashboard },
  { to: "/events", label: "Events", icon: ScrollText },
];

export function Nav() {
  return (
    <nav
      aria-label="Main"
      className="flex w-20 shrink-0 flex-col gap-0.5 border-border border-r bg-card px-1 py-1.5"
    >
      {rooms.map(({ to, label, icon: Icon }) => (
        <NavLink
          key={to}
          to={to}
          end
          className={({ isActive }) =>
            cn(
              "flex flex-col items-center gap-0.5 rounded-sm px-1 py-1.5 text-xs hover:bg-accent",
              isActive ? "bg-accent font-medium text-foreground" : "text-muted-foreground",
            )
          }
        >
          <Icon aria-hidden="true" className="size-4" />
          {label}
        </NavLink>
      ))}
    </nav>
  );
}
