import { useState } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { scheduleSwitchover } from "@/shared/plans/carry-out";
import { type Ahead, MomentField, momentAhead, unchosen } from "@/shared/plans/moment-field";
import { usePlans } from "@/shared/plans/use-plans";
import { serverNow, useNow } from "@/shared/time/clock";
import { ActionButton } from "@/shared/ui/action-button";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { useNotices } from "@/shared/ui/notice";
import { Members, StepDownPreview } from "./documents";
import { NewOwnerField } from "./new-owner-field";
import { takersOf } from "./takers";

interface Props {
  service: string;
  group: string;
  owner: string;
}

/** Plans that the owner hands the group over at a moment to come. */
export function SwitchoverButton(of: Props) {
  const [open, setOpen] = useState(false);
  const { switchovers } = usePlans(of);
  const planned = switchovers.some(({ group }) => group === of.group);
  return (
    <>
      <ActionButton
        needs="OPERATOR"
        blocked={planned ? "One is planned already: cancel it first." : null}
        onClick={() => setOpen(true)}
      >
        Schedule…
      </ActionButton>
      {open && <SwitchoverDialog {...of} onClose={() => setOpen(false)} />}
    </>
  );
}

function SwitchoverDialog({ service, group, owner, onClose }: Props & { onClose: () => void }) {
  const tell = useNotices((s) => s.tell);
  const [to, setTo] = useState("");
  const [when, setWhen] = useState<Ahead>(unchosen);
  const now = useNow();
  const { data } = useQuery(StepDownPreview, { service, group });
  const members = useQuery(Members, { service });
  const takers = takersOf(
    data?.stepDownPreview?.candidates ?? [],
    members.data?.instances.nodes ?? [],
    owner,
  );
  const act: Act = {
    title: `Schedule switchover of ${group}`,
    pending: "Recording…",
    consequence: (
      <p>
        At that moment whoever owns {group} then, now {owner}, hands it over: calls in flight end first, later
        ones go to the new owner. It can be cancelled until it begins.
      </p>
    ),
    run: async (reason) => {
      const at = momentAhead(when, serverNow());
      if (at === null)
        return {
          code: "NO_MOMENT",
          message: "name a moment that lies ahead",
          requestId: null,
          retryable: false,
        };
      return scheduleSwitchover({ service, group, to: to === "" ? null : to, at }, reason);
    },
  };
  return (
    <ActionDialog
      act={act}
      ready={momentAhead(when, now) !== null}
      onClose={onClose}
      onDone={(recorded) => {
        onClose();
        tell(`A switchover of ${group} is planned.`, false, recorded);
      }}
    >
      <MomentField label="When" value={when} onChange={setWhen} />
      <NewOwnerField takers={takers} value={to} onChange={setTo} />
    </ActionDialog>
  );
}
