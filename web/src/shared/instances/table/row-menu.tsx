import { Ellipsis } from "lucide-react";
import { memo, useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { drainAct, forgetAct } from "@/shared/actions/instance-acts";
import { useLock } from "@/shared/session/lock";
import { hasEnded } from "@/shared/status/status";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { useNotices } from "@/shared/ui/notice";
import { instancePath, useKeeping } from "@/shared/url/links";
import type { InstanceRowOf } from "../documents";

/** What can be done with an instance, at the end of its row. The menu itself is made when somebody comes near it. */
export const RowMenu = memo(function RowMenu({ instance }: { instance: InstanceRowOf }) {
  const [near, setNear] = useState<"pointer" | "focus" | "pressed" | null>(null);
  if (near !== null)
    return <Menu instance={instance} focused={near !== "pointer"} open={near === "pressed"} />;
  return (
    <Button
      variant="ghost"
      size="icon"
      className="size-6"
      aria-label={`Actions of ${instance.instance}`}
      aria-haspopup="menu"
      aria-expanded={false}
      onPointerEnter={() => setNear("pointer")}
      onFocus={() => setNear("focus")}
      onClick={() => setNear("pressed")}
    >
      <Ellipsis aria-hidden="true" />
    </Button>
  );
});

interface MenuProps {
  instance: InstanceRowOf;
  /** Whether it takes the place of what had the focus. */
  focused: boolean;
  open: boolean;
}

function Menu({ instance, focused, open }: MenuProps) {
  const trigger = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) trigger.current?.focus();
  }, [focused]);
  const [act, setAct] = useState<Act | null>(null);
  const lock = useLock("OPERATOR");
  const navigate = useNavigate();
  const keeping = useKeeping();
  const tell = useNotices((s) => s.tell);
  const { service, instance: name, id, status } = instance;
  const ended = hasEnded(status);
  return (
    <>
      <DropdownMenu defaultOpen={open}>
        <DropdownMenuTrigger asChild>
          <Button
            ref={trigger}
            variant="ghost"
            size="icon"
            className="size-6"
            aria-label={`Actions of ${name}`}
          >
            <Ellipsis aria-hidden="true" />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent>
          <DropdownMenuItem onSelect={() => void navigate(keeping(instancePath(service, name)))}>
            Open
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={() => void navigator.clipboard?.writeText(id)}>
            Copy id
          </DropdownMenuItem>
          <DropdownMenuItem
            disabled={lock !== null}
            title={lock ?? undefined}
            onSelect={() => setAct(ended ? forgetAct(instance) : drainAct(instance))}
          >
            {ended ? "Forget…" : "Drain…"}
            {lock !== null && <span className="text-muted-foreground text-xs">{lock}</span>}
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      {act && (
        <ActionDialog
          act={act}
          onClose={() => setAct(null)}
          onDone={(recorded) => {
            setAct(null);
            tell(ended ? `${name} is forgotten.` : `${name} has been asked to drain.`, false, recorded);
          }}
        />
      )}
    </>
  );
}
