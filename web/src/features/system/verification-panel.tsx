import { count } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromUrql } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { mayAs, useSession } from "@/shared/session/store";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { useNotices } from "@/shared/ui/notice";
import { Panel } from "@/shared/ui/panel";
import { Problem } from "@/shared/ui/states";
import { LastVerification, VerifyLog } from "./documents";

const EVERY_MS = 2_000;

/** Whether the log is as it was written, when somebody last looked. */
export function VerificationPanel() {
  const may = useSession((s) => mayAs(s.viewer, "AUDITOR"));
  const { data, error, again } = useQuery(LastVerification, may ? {} : null, { every: EVERY_MS });
  const last = data?.verification ?? null;
  const verify = async (): Promise<void> => {
    const begun = await client.mutation(VerifyLog, {}).toPromise();
    if (begun.error) useNotices.getState().tell(errorFromUrql(begun.error).message, true);
    again();
  };
  return (
    <Panel
      title="Log"
      note="chains, gaps, and the projections in KV"
      actions={
        <ActionButton
          needs="AUDITOR"
          blocked={last?.status === "RUNNING" ? "It is verified now." : null}
          onClick={() => void verify()}
        >
          Verify
        </ActionButton>
      }
    >
      {error && <Problem error={error} onRetry={again} />}
      {!may && <p className="text-muted-foreground">Auditors see whether it is as it was written.</p>}
      {may && data && last === null && (
        <p className="text-muted-foreground">Not verified since this replica started.</p>
      )}
      {last && (
        <div data-testid="verification" className="flex flex-col gap-1">
          {last.status === "RUNNING" && <p>Being verified, at seq {count(last.position)}.</p>}
          {last.status === "CLEAN" && (
            <p className="text-ok">
              Verified to seq {count(last.position)}: {count(last.events)} events in {count(last.aggregates)}{" "}
              chains, all as they were written.
            </p>
          )}
          {last.status === "FINDINGS" && (
            <p className="font-medium text-bad">
              Verified to seq {count(last.position)}: {count(last.findingCount)} found that is not as it
              should be.
            </p>
          )}
          {last.status === "FAILED" && (
            <p className="font-medium text-bad">Not verified: {last.message ?? "the log cannot be read"}.</p>
          )}
          <p className="text-muted-foreground text-xs">
            Asked by {last.by} at <Moment at={last.begunAt} exact />
            {last.endedAt !== null && (
              <>
                , ended at <Moment at={last.endedAt} exact />
              </>
            )}
          </p>
          {last.findings.length > 0 && (
            <ul className="max-h-60 overflow-auto">
              {last.findings.map(({ code, detail }) => (
                <li key={`${code} ${detail}`}>
                  <code>{code}</code> {detail}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Panel>
  );
}
