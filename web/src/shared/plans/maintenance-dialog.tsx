import { useId, useState } from "react";
import { NativeSelect } from "@/components/ui/native-select";
import { serverNow, useNow } from "@/shared/time/clock";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { useNotices } from "@/shared/ui/notice";
import { beginMaintenance, type Scope } from "./carry-out";
import { type Ahead, MomentField, momentAhead, unchosen } from "./moment-field";

interface Props extends Scope {
  /** The one that goes on, where its end is to be another. */
  again?: boolean;
  onClose: () => void;
}

/** Pauses automatic failover for a while: its scope, its end and why. */
export function MaintenanceDialog({ service, group, again = false, onClose }: Props) {
  const id = useId();
  const tell = useNotices((s) => s.tell);
  const [whole, setWhole] = useState(group === null);
  const [end, setEnd] = useState<Ahead>(unchosen);
  const now = useNow();
  const scope: Scope = { service, group: whole ? null : group };
  const what = whole || group === null ? service : group;
  const act: Act = {
    title: again ? `Change the end of maintenance of ${what}` : `Begin maintenance of ${what}`,
    pending: "Recording…",
    danger: !again,
    consequence: (
      <p>
        Until it ends, nobody takes over what an owner of{" "}
        {whole || group === null ? `any group of ${service}` : group} loses, but that owner itself: a group
        whose owner dies has no owner until then. Handing over goes on: step-down, drain, clean stops and
        planned switchovers.
      </p>
    ),
    run: async (reason) => {
      const until = momentAhead(end, serverNow());
      if (until === null) return noEnd;
      return beginMaintenance(scope, until, reason);
    },
  };
  return (
    <ActionDialog
      act={act}
      ready={momentAhead(end, now) !== null}
      onClose={onClose}
      onDone={(recorded) => {
        onClose();
        tell(
          again ? `The maintenance of ${what} has another end.` : `Maintenance of ${what} has begun.`,
          false,
          recorded,
        );
      }}
    >
      {group !== null && !again && (
        <div className="flex flex-col gap-1">
          <label htmlFor={id} className="font-medium text-xs">
            Scope
          </label>
          <NativeSelect
            id={id}
            value={whole ? "all" : "one"}
            onChange={(event) => setWhole(event.target.value === "all")}
          >
            <option value="one">{group} alone</option>
            <option value="all">all groups of {service}</option>
          </NativeSelect>
        </div>
      )}
      <MomentField label="Ends by itself" value={end} onChange={setEnd} />
    </ActionDialog>
  );
}

const noEnd = {
  code: "NO_END",
  message: "name an end that lies ahead",
  requestId: null,
  retryable: false,
};
