import { Ellipsis } from "lucide-react";
import { memo, useState } from "react";
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

/** What can be done with an instance, at the end of its row. */
export const RowMenu = memo(function RowMenu({ instance }: { instance: InstanceRowOf }) {
  const [act, setAct] = useState<Act | null>(null);
  const lock = useLock("OPERATOR");
  const navigate = useNavigate();
  const keeping = useKeeping();
  const tell = useNotices((s) => s.tell);
  const { service, instance: name, id, status } = instance;
  const ended = hasEnded(status);
  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="ghost" size="icon" className="size-6" aria-label={`Actions of ${name}`}>
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
});
