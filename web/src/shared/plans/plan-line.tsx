import { CalendarClock, Wrench } from "lucide-react";
import { useState } from "react";
import { formatAge } from "@/shared/time/duration";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { useNotices } from "@/shared/ui/notice";
import { EventLink, GroupLink, ServiceLink } from "@/shared/ui/object-link";
import { cancelSwitchover, endMaintenance } from "./carry-out";
import { MaintenanceDialog } from "./maintenance-dialog";
import type { Maintenance, Switchover } from "./plans";
import { usePlansNow } from "./use-plans";

/** A maintenance that goes on, and how long it does. */
export function MaintenanceLine({ of }: { of: Maintenance }) {
  const now = usePlansNow();
  const [asked, setAsked] = useState<"end" | "change" | null>(null);
  const tell = useNotices((s) => s.tell);
  const { service, group, until, by, reason, sequence } = of;
  const act: Act = {
    title: `End maintenance of ${group ?? service}`,
    pending: "Ending…",
    consequence: (
      <p>
        From now on whoever stands for {group ?? `a group of ${service}`} takes it over when its owner is
        lost; what has no owner now is taken at once.
      </p>
    ),
    run: (why) => endMaintenance({ service, group }, why),
  };
  return (
    <li
      data-testid="maintenance"
      className="flex min-h-8 flex-wrap items-center gap-x-2 border-warn border-l-3 bg-warn-soft px-4 py-0.5 max-xl:px-3"
    >
      <Wrench aria-hidden="true" className="size-3.5 shrink-0 text-warn" />
      <span className="font-medium text-warn">Maintenance</span>
      <span>
        {group === null ? (
          <>
            all groups of <ServiceLink service={service} />
          </>
        ) : (
          <GroupLink service={service} group={group} />
        )}
        : nobody takes over what an owner loses
      </span>
      <strong className="whitespace-nowrap font-semibold">
        ends in {formatAge(Math.max(0, Date.parse(until) - now))}
      </strong>
      <span className="text-muted-foreground">
        (<Moment at={until} />) · {by}: {reason} · <EventLink sequence={sequence} />
      </span>
      <span className="ml-auto flex gap-1.5">
        <ActionButton needs="OPERATOR" onClick={() => setAsked("change")}>
          Change end…
        </ActionButton>
        <ActionButton needs="OPERATOR" onClick={() => setAsked("end")}>
          End maintenance…
        </ActionButton>
      </span>
      {asked === "change" && (
        <MaintenanceDialog service={service} group={group} again onClose={() => setAsked(null)} />
      )}
      {asked === "end" && (
        <ActionDialog
          act={act}
          onClose={() => setAsked(null)}
          onDone={(recorded) => {
            setAsked(null);
            tell(`The maintenance of ${group ?? service} has ended.`, false, recorded);
          }}
        />
      )}
    </li>
  );
}

/** A switchover that is planned, and how soon it is. */
export function SwitchoverLine({ of }: { of: Switchover }) {
  const now = usePlansNow();
  const [asked, setAsked] = useState(false);
  const tell = useNotices((s) => s.tell);
  const { service, group, to, at, by, reason, sequence, begunAt } = of;
  const act: Act = {
    title: `Cancel switchover of ${group}`,
    pending: "Cancelling…",
    consequence: <p>Its owner keeps {group}. Nothing else changes.</p>,
    run: (why) => cancelSwitchover({ service, group }, why),
  };
  return (
    <li
      data-testid="switchover"
      className="flex min-h-8 flex-wrap items-center gap-x-2 border-drain border-l-3 bg-drain-soft px-4 py-0.5 max-xl:px-3"
    >
      <CalendarClock aria-hidden="true" className="size-3.5 shrink-0 text-drain" />
      <span className="font-medium text-drain">Planned switchover</span>
      <span>
        <GroupLink service={service} group={group} /> goes to {to ?? "whoever is first"}
      </span>
      <strong className="whitespace-nowrap font-semibold">
        {begunAt === null ? `in ${formatAge(Math.max(0, Date.parse(at) - now))}` : "has begun"}
      </strong>
      <span className="text-muted-foreground">
        (<Moment at={at} />) · {by}: {reason} · <EventLink sequence={sequence} />
      </span>
      <span className="ml-auto">
        <ActionButton
          needs="OPERATOR"
          blocked={begunAt === null ? null : "It has begun."}
          onClick={() => setAsked(true)}
        >
          Cancel switchover…
        </ActionButton>
      </span>
      {asked && (
        <ActionDialog
          act={act}
          onClose={() => setAsked(false)}
          onDone={(recorded) => {
            setAsked(false);
            tell(`The switchover of ${group} is cancelled.`, false, recorded);
          }}
        />
      )}
    </li>
  );
}
