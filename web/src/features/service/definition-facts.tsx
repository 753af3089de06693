import type { ReactNode } from "react";
import { duration, percent } from "@/shared/figures/format";
import { Moment } from "@/shared/time/moment";
import type { DefinitionOf } from "./documents";
import type { Seen } from "./use-service";

const policies: Record<string, string> = {
  AGGRESSIVE: "Aggressive",
  BALANCED: "Balanced",
  CONSERVATIVE: "Conservative",
  CUSTOM: "Custom",
};
const registrations: Record<string, string> = {
  OPEN: "any instance starts",
  WARN: "starts, and is flagged",
  ENFORCE: "is refused while the definition is not in use",
};

/** What should be, and where what runs differs. */
export function DefinitionFacts({ seen: { service, page } }: { seen: Seen }) {
  const { definition, versions } = service;
  if (!definition) return <p className="text-muted-foreground">It has no definition.</p>;
  const drift = versions.filter((version) => version !== definition.version);
  const running = page.counts.get("RUNNING") ?? 0;
  return (
    <dl className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-2 gap-y-1">
      {definition.status === "RETIRED" && <Row name="Status">Retired</Row>}
      <Row name="Team">{definition.owner}</Row>
      <Row name="Description">{definition.description}</Row>
      <Row name="Version">
        {definition.version}
        {drift.length > 0 && (
          <span className="text-muted-foreground">; {driftWords(drift, versions.length)}</span>
        )}
      </Row>
      <Row name="Instances">
        {boundsOf(definition)}; {running} running
      </Row>
      <Row name="Limits">{limitWords(definition)}</Row>
      <Row name="Failover">
        {definition.failover
          ? `${policies[definition.failover.policy]}, lease ${String(definition.failover.leaseMs)} ms`
          : "as each instance has it"}
      </Row>
      <Row name="Registration">{registrations[definition.registration]}</Row>
      <Row name="Revision">
        {String(definition.revision)}, <Moment at={definition.updatedAt} /> by {definition.updatedBy}
      </Row>
    </dl>
  );
}

/** What runs beside the version that is declared, or in its place. */
const driftWords = (drift: readonly string[], versions: number): string =>
  drift.length < versions ? `${drift.join(", ")} run, too` : `none of it runs, but ${drift.join(", ")}`;

function limitWords({ p99LimitMs, errorLimitPercent }: DefinitionOf): string {
  const parts = [
    p99LimitMs === null ? "" : `p99 ${duration(Number(p99LimitMs))}`,
    errorLimitPercent === null ? "" : `errors ${percent(errorLimitPercent)} %`,
  ].filter(Boolean);
  return parts.length === 0 ? "none: no figure is called too high" : parts.join(", ");
}

function boundsOf({ minInstances, maxInstances }: DefinitionOf): string {
  if (minInstances === null && maxInstances === null) return "as many as there are";
  if (maxInstances === null) return `at least ${String(minInstances)}`;
  return minInstances === null
    ? `at most ${String(maxInstances)}`
    : `${String(minInstances)} to ${String(maxInstances)}`;
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
