import { CircleCheck, CircleX } from "lucide-react";
import { type ReactNode, useState } from "react";
import { count, NONE } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromUrql } from "@/shared/graphql/errors";
import { Age } from "@/shared/time/age";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { useNotices } from "@/shared/ui/notice";
import { Panel } from "@/shared/ui/panel";
import { type Facts, Rebuild } from "./documents";
import { ReplicasPanel } from "./replicas-panel";
import { VerificationPanel } from "./verification-panel";

/** How the replica that answers is doing. */
export function HealthTab({ facts }: { facts: Facts }) {
  return (
    <div className="grid grid-cols-3 items-start gap-3 p-4 max-xl:grid-cols-2 max-xl:p-3 max-lg:grid-cols-1">
      <Panel title="This replica" note="the one that answers">
        <dl className={list}>
          <Row name="Version">{facts.version}</Row>
          <Row name="Namespace">{facts.namespace}</Row>
          <Row name="NATS">
            <Yes is={facts.natsConnected} yes="answers" no="does not answer" />
          </Row>
          <Row name="Heartbeats">
            <Yes is={facts.heartbeatsVisible} yes="can be read" no="cannot be read" />
          </Row>
          <Row name="Newest beat">
            {facts.newestBeatAt === null ? (
              "none yet"
            ) : (
              <>
                <Moment at={facts.newestBeatAt} exact />, <Age since={facts.newestBeatAt} /> ago
              </>
            )}
          </Row>
          <Row name="Cannot see">
            {facts.selfPreservation === null ? (
              "no: each instance is judged by itself"
            ) : (
              <>
                since <Moment at={facts.selfPreservation.since} />, {count(facts.selfPreservation.silent)} of{" "}
                {count(facts.selfPreservation.alive)}
              </>
            )}
          </Row>
        </dl>
      </Panel>
      <Panel title="Projection" actions={<RebuildButton busy={facts.rebuilding} />}>
        <dl className={list}>
          <Row name="Shows">seq {count(facts.asOfSequence)}</Row>
          <Row name="Log ends at">seq {count(facts.headSequence)}</Row>
          <Row name="Behind">{count(facts.projectionLag)} events</Row>
          <Row name="Rebuild">
            {facts.rebuilding ? `at seq ${count(facts.rebuildSequence ?? 0)}` : "none under way"}
          </Row>
          <Row name="Gaps of the log">{count(facts.logGaps)}</Row>
          <Row name="Log">
            <span className="break-all font-mono text-xs">{facts.history === "" ? NONE : facts.history}</span>
          </Row>
        </dl>
      </Panel>
      <VerificationPanel />
      <ReplicasPanel />
    </div>
  );
}

const list = "grid grid-cols-[8rem_minmax(0,1fr)] gap-x-2 gap-y-1";

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Yes({ is, yes, no }: { is: boolean; yes: string; no: string }) {
  const Icon = is ? CircleCheck : CircleX;
  return (
    <span className={`inline-flex items-center gap-1 ${is ? "text-ok" : "font-medium text-bad"}`}>
      <Icon aria-hidden="true" className="size-3.5" />
      {is ? yes : no}
    </span>
  );
}

function RebuildButton({ busy }: { busy: boolean }) {
  const [asked, setAsked] = useState(false);
  const rebuild = async (): Promise<void> => {
    setAsked(true);
    const { data, error } = await client.mutation(Rebuild, {}).toPromise();
    setAsked(false);
    const { tell } = useNotices.getState();
    if (data) tell(`The projection is rebuilt, up to seq ${data.rebuildProjection}.`);
    else tell(error ? errorFromUrql(error).message : "The control plane does not answer.", true);
  };
  return (
    <ActionButton
      needs="ADMIN"
      blocked={busy || asked ? "One is under way." : null}
      onClick={() => void rebuild()}
    >
      {asked || busy ? "Rebuilding…" : "Rebuild"}
    </ActionButton>
  );
}
