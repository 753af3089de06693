import type { Event } from "@/shared/events/documents";
import { iconOf } from "@/shared/events/kinds";
import { NONE } from "@/shared/figures/format";
import { formatMoment, formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { ActorText } from "@/shared/ui/actor-text";
import { DefinitionLink, EventLink, GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { rowClass } from "@/shared/ui/table";
import { actionOf, consumerOf, letterOf, nameOf, reasonOf, scopeOf } from "./deeds";

export function AuditRow({ event, now }: { event: Event; now: number }) {
  const zone = useZone((s) => s.zone);
  const Icon = iconOf(event);
  const reason = reasonOf(event);
  return (
    <tr data-testid="audit-row" data-sequence={String(event.sequence)} className={rowClass}>
      <td className="whitespace-nowrap px-2 text-muted-foreground">
        <time dateTime={event.recordedAt} title={formatMoment(event.recordedAt, zone)}>
          {formatSecond(event.recordedAt, zone, now)}
        </time>
      </td>
      <td className="max-w-56 truncate px-2 font-medium max-lg:max-w-24" title={event.actor}>
        <ActorText actor={event.actor} />
      </td>
      <td className="whitespace-nowrap px-2">
        <span className="inline-flex items-center gap-1.5">
          <Icon aria-hidden="true" className="size-3.5 text-muted-foreground" />
          {actionOf(event)}
        </span>
      </td>
      <td className="max-w-80 truncate px-2 max-lg:max-w-32">
        <Subject event={event} />
      </td>
      <td className="w-full px-2 max-lg:hidden" title={reason ?? undefined}>
        <span className="line-clamp-1">{reason ?? NONE}</span>
      </td>
      <td className="whitespace-nowrap px-2">
        done, <EventLink sequence={event.sequence} />
      </td>
    </tr>
  );
}

function Subject({ event }: { event: Event }) {
  const { kind, service } = event;
  if (kind === "INSTALLATION" || service === null) return <Installation event={event} />;
  if (kind === "DEFINITION") return <DefinitionLink service={service} icon />;
  if (kind === "INSTANCE") return <InstanceLink service={service} instance={nameOf(event)} icon />;
  return <GroupLink service={service} group={nameOf(event)} icon />;
}

/** What is recorded of the installation is about dead letters, consumers, or plans for groups. */
function Installation({ event }: { event: Event }) {
  const thing = letterOf(event) ?? consumerOf(event);
  if (thing !== null) return <span title={thing}>{thing}</span>;
  const scope = scopeOf(event);
  if (scope === null) return <>{NONE}</>;
  const { service, group } = scope;
  return group === null ? (
    <ServiceLink service={service} icon />
  ) : (
    <GroupLink service={service} group={group} icon />
  );
}
