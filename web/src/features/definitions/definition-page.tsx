import { CircleSlash, Copy, FilePen } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { useReplay } from "@/shared/replay/store";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { ActionDialog } from "@/shared/ui/action-dialog";
import { CopyLink } from "@/shared/ui/copy-link";
import { ServiceLink } from "@/shared/ui/object-link";
import { PageHead } from "@/shared/ui/page-head";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { definitionPath, newDefinitionPath, useKeeping } from "@/shared/url/links";
import { useMoment } from "@/shared/url/moment";
import { ChangeList } from "./change-list";
import { contentOf } from "./content";
import { makeCurrent, reinstateIt } from "./definition-acts";
import { changesBetween } from "./diff";
import { type Definition, DefinitionHistory, type Revision } from "./documents";
import { EffectPanel } from "./effect-panel";
import { FactsPanel } from "./facts-panel";
import { HistoryPanel } from "./history-panel";
import { RetireDialog } from "./retire-dialog";
import { contentAt, definitionAt } from "./revisions";

const EVERY_MS = 5_000;

type Asked = { kind: "retire" } | { kind: "reinstate" } | { kind: "restore"; revision: number };

/** One definition: what it says, what that means for what runs, and how it came to it. */
export function DefinitionPage({ service }: { service: string }) {
  const { data, error, again } = useQuery(DefinitionHistory, { service }, useEvery(EVERY_MS));
  const moment = useMoment();
  const then = useReplay((s) => s.sequence);
  const [asked, setAsked] = useState<Asked | null>(null);
  const navigate = useNavigate();
  const keeping = useKeeping();
  const present = data?.definition ?? null;
  const all = present?.history.nodes ?? [];
  const isPast = moment !== null;
  // What the page shows is known once it is known which event its moment comes after.
  const past = present && then !== null ? definitionAt(present, all, then) : null;
  const definition = isPast ? past : present;
  const history = isPast && then !== null ? all.filter((each) => each.sequence <= then) : all;
  const total = isPast ? history.length : Number(present?.history.totalCount ?? 0);
  const go = (to: string) => () => void navigate(keeping(to));
  const close = (): void => setAsked(null);
  const done = (): void => {
    close();
    again();
  };
  const retired = definition?.status === "RETIRED";
  return (
    <>
      <PageHead
        title={service}
        crumbs={[{ label: "Definitions", to: "/definitions" }]}
        facts={definition && <Facts definition={definition} />}
        actions={
          definition && (
            <>
              <CopyLink />
              <ActionButton
                needs="ADMIN"
                onClick={go(`${newDefinitionPath}?like=${encodeURIComponent(service)}`)}
              >
                <Copy aria-hidden="true" /> Clone
              </ActionButton>
              {retired ? (
                <ActionButton needs="ADMIN" onClick={() => setAsked({ kind: "reinstate" })}>
                  Reinstate
                </ActionButton>
              ) : (
                <>
                  <ActionButton needs="ADMIN" onClick={go(`${definitionPath(service)}/edit`)}>
                    <FilePen aria-hidden="true" /> Amend
                  </ActionButton>
                  <ActionButton needs="ADMIN" danger onClick={() => setAsked({ kind: "retire" })}>
                    Retire
                  </ActionButton>
                </>
              )}
            </>
          )
        }
      />
      {!data && (error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the definition" />)}
      {data && !definition && (
        <Empty title={isPast ? `${service} had no definition then.` : `${service} has no definition.`}>
          {!isPast && "An admin can define it under Definitions, New."}
        </Empty>
      )}
      {definition && (
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)_minmax(0,1.6fr)] items-start gap-3 px-4 pb-4 max-xl:px-3 max-lg:grid-cols-1">
          <div className="flex min-w-0 flex-col gap-3">
            <FactsPanel definition={definition} />
            {!isPast && (
              <EffectPanel service={service} base={contentOf(definition)} content={contentOf(definition)} />
            )}
          </div>
          <HistoryPanel
            definition={definition}
            history={history}
            total={total}
            onRestore={(revision) => setAsked({ kind: "restore", revision })}
          />
        </div>
      )}
      {definition && asked?.kind === "retire" && (
        <RetireDialog definition={definition} onClose={close} onDone={done} />
      )}
      {definition && asked?.kind === "reinstate" && (
        <ActionDialog
          act={{
            title: `Reinstate ${service}`,
            pending: "Recording…",
            consequence: <p>It is in use again, as it was when it was retired.</p>,
            run: (reason) => reinstateIt(definition, reason),
          }}
          onClose={close}
          onDone={done}
        />
      )}
      {definition && asked?.kind === "restore" && (
        <Restore
          definition={definition}
          history={history}
          revision={asked.revision}
          onClose={close}
          onDone={done}
        />
      )}
    </>
  );
}

function Facts({ definition }: { definition: Definition }) {
  const { service, status, updatedAt, updatedBy } = definition;
  return (
    <span className="flex min-w-0 items-center gap-3 text-muted-foreground">
      {status === "RETIRED" && (
        <span className="inline-flex items-center gap-1 font-medium">
          <CircleSlash aria-hidden="true" className="size-3.5" /> Retired
        </span>
      )}
      <span className="truncate">
        changed <Moment at={updatedAt} /> by {updatedBy}
      </span>
      <span className="flex min-w-0 items-center gap-1">
        runs as <ServiceLink service={service} />
      </span>
    </span>
  );
}

interface RestoreProps {
  definition: Definition;
  history: readonly Revision[];
  revision: number;
  onClose: () => void;
  onDone: () => void;
}

/** Makes an earlier content the present one; that is a new revision. */
function Restore({ definition, history, revision, onClose, onDone }: RestoreProps) {
  const now = contentOf(definition);
  const then = contentAt(now, history, revision);
  if (then === null) return null;
  return (
    <ActionDialog
      act={{
        title: `Make revision ${revision} current again`,
        pending: "Recording…",
        consequence: (
          <>
            <p className="mb-2">
              A new revision {Number(definition.revision) + 1} says what revision {revision} said:
            </p>
            <ChangeList changes={changesBetween(now, then)} none="Nothing is different." />
          </>
        ),
        run: (reason) => makeCurrent(definition, then, reason),
      }}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
