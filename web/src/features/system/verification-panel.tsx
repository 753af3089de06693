import { count } from "@/shared/figures/format";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { Panel } from "@/shared/ui/panel";
import { Problem, sentence } from "@/shared/ui/states";
import type { Verification } from "@/shared/verification/documents";
import { Progress } from "@/shared/verification/progress";
import { useVerification } from "@/shared/verification/use-verification";

/** Whether the log is as it was written, when somebody last looked. */
export function VerificationPanel() {
  const { may, last, known, error, again, verify } = useVerification();
  return (
    <Panel
      title="Log"
      note="chains, gaps, and the projections in KV"
      actions={
        <ActionButton
          needs="AUDITOR"
          blocked={last?.status === "RUNNING" ? "It is verified now." : null}
          onClick={verify}
        >
          Verify now
        </ActionButton>
      }
    >
      {error && <Problem error={error} onRetry={again} />}
      {!may && <p className="text-muted-foreground">Auditors see whether it is as it was written.</p>}
      {may && known && last === null && (
        <p className="text-muted-foreground">Not verified since this replica started.</p>
      )}
      {last && <Result last={last} />}
    </Panel>
  );
}

function Result({ last }: { last: Verification }) {
  const { status, position, events, aggregates, digest, findingCount, findings, message } = last;
  return (
    <div data-testid="verification" className="flex flex-col gap-1">
      {status === "RUNNING" && <Progress of={last} />}
      {status === "CLEAN" && (
        <p className="text-ok">
          Verified to seq {count(position)}: {count(events)} events in {count(aggregates)} chains, all as they
          were written.
        </p>
      )}
      {status === "FINDINGS" && (
        <p className="font-medium text-bad">
          Verified to seq {count(position)}: {count(findingCount)} found that is not as it should be.
        </p>
      )}
      {status === "FAILED" && (
        <p className="font-medium text-bad">Not verified: {sentence(message ?? "the log cannot be read")}</p>
      )}
      <p className="text-muted-foreground text-xs">
        Asked by {last.by} at <Moment at={last.begunAt} exact />
        {last.endedAt !== null && (
          <>
            , ended at <Moment at={last.endedAt} exact />
          </>
        )}
      </p>
      {digest !== null && (
        <p className="text-muted-foreground text-xs">
          Digest of all chain heads, as <code>aegis verify</code> tells it:{" "}
          <code className="select-all break-all">{digest}</code>
        </p>
      )}
      {findings.length > 0 && (
        <ul className="max-h-60 overflow-auto">
          {findings.map(({ code, detail, repairable }) => (
            <li key={`${code} ${detail}`}>
              <code>{code}</code> {detail}
              {repairable && (
                <span className="text-muted-foreground">
                  {" "}
                  <code>aegis verify --repair</code> mends it.
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
