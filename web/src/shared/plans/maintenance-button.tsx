import { useState } from "react";
import { ActionButton } from "@/shared/ui/action-button";
import type { Scope } from "./carry-out";
import { MaintenanceDialog } from "./maintenance-dialog";
import { usePlans } from "./use-plans";

/** Pauses automatic failover of a service or a group, after a question. */
export function MaintenanceButton({ service, group }: Scope) {
  const [open, setOpen] = useState(false);
  const { maintenances } = usePlans({ service, group });
  const same = maintenances.some((each) => each.service === service && each.group === group);
  return (
    <>
      <ActionButton
        needs="OPERATOR"
        blocked={same ? "It is in maintenance already: change its end in the strip below." : null}
        onClick={() => setOpen(true)}
      >
        Maintenance…
      </ActionButton>
      {open && <MaintenanceDialog service={service} group={group} onClose={() => setOpen(false)} />}
    </>
  );
}
