import { ChevronDown, LogOut } from "lucide-react";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { mayAs, roleWord, useSession } from "@/shared/session/store";

export function UserMenu({ onSignOut }: { onSignOut: () => void }) {
  const viewer = useSession((s) => s.viewer);
  if (!viewer) return null;
  return (
    <>
      {!mayAs(viewer, "OPERATOR") && (
        <span className="shrink-0 rounded-sm border border-input px-1.5 text-muted-foreground text-xs max-lg:hidden">
          Read only
        </span>
      )}
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="ghost" className="min-w-0 shrink">
            <span className="max-w-32 truncate" data-testid="viewer">
              {viewer.name}
            </span>{" "}
            <span className="font-normal text-muted-foreground max-lg:hidden">{roleWord[viewer.role]}</span>
            <ChevronDown aria-hidden="true" />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent>
          <DropdownMenuItem onSelect={onSignOut}>
            <LogOut aria-hidden="true" className="size-3.5" /> Sign out
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
    </>
  );
}
