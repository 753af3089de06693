import { TriangleAlert } from "lucide-react";
import { useRefusal, useStaleSince } from "@/shared/connection/store";
import { formatClock, type Zone } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { type System, useSystem } from "./system";

/** Events behind at which the page says that it shows the past. */
export const LAG_LIMIT = 500;

export function warnings(system: System | null, zone: Zone): string[] {
  if (!system) return [];
  const found: string[] = [];
  if (!system.natsConnected) {
    found.push(
      "The control plane has lost NATS: what you see is the last known state, and changes are not arriving.",
    );
  }
  const blind = system.selfPreservation;
  if (blind) {
    const { since, silent, alive } = blind;
    found.push(
      `Aegis cannot see most instances since ${formatClock(since, zone).slice(0, 8)} (${silent} of ${alive} were silent): none is marked down.`,
    );
  }
  if (system.natsConnected && !system.heartbeatsVisible) {
    found.push(
      "This replica of the control plane cannot read the heartbeats: ages and figures stand still, and it marks nobody.",
    );
  }
  for (const { part, message, since } of system.problems) {
    found.push(`${part}, since ${formatClock(since, zone).slice(0, 8)}: ${message}.`);
  }
  if (system.projectionLag > LAG_LIMIT) {
    found.push(
      `The projection is ${system.projectionLag} events behind the log: what you see is in the past.`,
    );
  }
  return found;
}

export function Banner() {
  const system = useSystem((s) => s.system);
  const refusal = useSystem((s) => s.refusal);
  const refused = useRefusal();
  const staleSince = useStaleSince();
  const zone = useZone((s) => s.zone);
  const lines = warnings(system, zone);
  if (staleSince !== null) {
    lines.unshift(
      `Stale since ${formatClock(new Date(staleSince).toISOString(), zone).slice(0, 8)}: the live connection is down.`,
    );
  }
  if (refused !== null) {
    lines.unshift(`The live connection is refused: ${refused}. Reload the page once that is corrected.`);
  } else if (refusal !== null) lines.unshift(`The control plane answers: ${refusal}`);
  if (lines.length === 0) return null;
  return (
    <div
      role="status"
      className="border-border border-b bg-warn-soft px-3 py-1 text-warn"
      data-testid="banner"
    >
      {lines.map((line) => (
        <p key={line} className="flex items-center gap-1.5">
          <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" /> {line}
        </p>
      ))}
    </div>
  );
}
