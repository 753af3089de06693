import { useState } from "react";
import { Button } from "@/components/ui/button";
import { handOver } from "@/shared/actions/carry-out";
import { useQuery } from "@/shared/graphql/use-query";
import { useLock } from "@/shared/session/lock";
import { formatSpan } from "@/shared/time/duration";
import { ActionButton } from "@/shared/ui/action-button";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { useNotices } from "@/shared/ui/notice";
import { Members, StepDownPreview, Summary } from "./documents";
import { NewOwnerField } from "./new-owner-field";
import { takersOf } from "./takers";

interface Props {
  service: string;
  group: string;
  owner: string;
  /** In a row of a table. */
  small?: boolean;
}

/** Has the owner hand the group over, after a question. */
export function StepDownButton({ small = false, ...of }: Props) {
  const [open, setOpen] = useState(false);
  const lock = useLock("OPERATOR");
  return (
    <>
      {small ? (
        <Button
          variant="ghost"
          className="h-6 font-normal"
          aria-disabled={lock !== null}
          aria-label={`Step down ${of.owner} from ${of.group}`}
          title={lock ?? undefined}
          onClick={() => lock === null && setOpen(true)}
        >
          Step down…
        </Button>
      ) : (
        <ActionButton needs="OPERATOR" onClick={() => setOpen(true)}>
          Step down…
        </ActionButton>
      )}
      {open && <StepDownDialog {...of} onClose={() => setOpen(false)} />}
    </>
  );
}

function StepDownDialog({ service, group, owner, onClose }: Omit<Props, "small"> & { onClose: () => void }) {
  const [to, setTo] = useState("");
  const tell = useNotices((s) => s.tell);
  const { data } = useQuery(StepDownPreview, { service, group });
  const day = useQuery(Summary, { service, group: null });
  const members = useQuery(Members, { service });
  const candidates = takersOf(
    data?.stepDownPreview?.candidates ?? [],
    members.data?.instances.nodes ?? [],
    owner,
  );
  const known = data !== null && members.data !== null;
  const { handoverP50Ms = null, handoverP99Ms = null } = day.data?.leadershipSummary ?? {};
  const act: Act = {
    title: `Step down ${owner}`,
    pending: "Handing over…",
    consequence: (
      <>
        <p>
          {owner} hands {group} over: calls in flight end first, later ones go to the new owner. Nothing else
          of {owner} changes.
        </p>
        <p className="mt-2 text-muted-foreground">
          {handoverP50Ms === null || handoverP99Ms === null
            ? "The next owner is recorded in the same step, so the group is at no time without one; calls wait meanwhile."
            : `Handovers of this service took ${formatSpan(Number(handoverP50Ms))} (p50), ${formatSpan(Number(handoverP99Ms))} (p99) in 24 hours.`}
        </p>
      </>
    ),
    run: (reason) => handOver({ service, group, to: to === "" ? null : to }, reason),
  };
  return (
    <ActionDialog
      act={act}
      onClose={onClose}
      onDone={(recorded) => {
        onClose();
        tell(`${owner} has handed ${group} over.`, false, recorded);
      }}
    >
      {known && candidates.length === 0 && (
        <p className="font-medium text-bad">Nobody else stands for {group}: it would have no owner.</p>
      )}
      <NewOwnerField takers={candidates} value={to} onChange={setTo} />
    </ActionDialog>
  );
}
