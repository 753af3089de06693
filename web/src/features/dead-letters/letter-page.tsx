import { useState } from "react";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { mayAs, useSession } from "@/shared/session/store";
import { ActionButton } from "@/shared/ui/action-button";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { Denied, Empty, ErrorView, Loading } from "@/shared/ui/states";
import { DecideDialog } from "./decide-dialog";
import { OneLetter } from "./documents";
import { LetterFacts } from "./letter-facts";
import type { Deed } from "./letters";

/** One letter under an address of its own. */
export function LetterPage({ sequence }: { sequence: Whole }) {
  const viewer = useSession((s) => s.viewer);
  const may = mayAs(viewer, "AUDITOR");
  const { data, error, again } = useQuery(OneLetter, may ? { sequence } : null);
  const [deed, setDeed] = useState<Deed | null>(null);
  const letter = data?.deadLetter ?? null;
  return (
    <>
      <PageHead
        title={`Letter ${sequence}`}
        crumbs={[{ label: "Dead letters", to: "/dead-letters" }]}
        actions={
          letter && (
            <>
              <CopyLink />
              <ActionButton needs="OPERATOR" onClick={() => setDeed("redrive")}>
                Redrive
              </ActionButton>
              <ActionButton needs="OPERATOR" danger onClick={() => setDeed("discard")}>
                Discard
              </ActionButton>
            </>
          )
        }
      />
      {!may && <Denied needs="AUDITOR" is={viewer?.role ?? null} />}
      {may && !data && (error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the letter" />)}
      {data && !letter && (
        <Empty title={`There is no dead letter ${sequence}.`}>
          It was decided on, or it stood for 30 days. The log has the decision.
        </Empty>
      )}
      {letter && (
        <LetterFacts
          letter={letter}
          className="m-4 mt-1 max-w-3xl rounded border border-border bg-card p-4"
        />
      )}
      {letter && deed && (
        <DecideDialog
          letters={[letter]}
          deed={deed}
          onResult={() => {}}
          onClose={() => {
            setDeed(null);
            again();
          }}
        />
      )}
    </>
  );
}
