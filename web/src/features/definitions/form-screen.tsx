import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import { useLock } from "@/shared/session/lock";
import { mayAs, useSession } from "@/shared/session/store";
import { PageHead } from "@/shared/ui/page-head";
import { Denied, Empty, ErrorView, Loading, sentence } from "@/shared/ui/states";
import { definitionPath, useKeeping } from "@/shared/url/links";
import { ConflictPanel } from "./conflict";
import type { Content } from "./content";
import { contentOfDraft, draftOf, emptyDraft } from "./draft";
import { type Edit, useDrafts } from "./drafts";
import { ChangesPanel, EffectPanel } from "./effect-panel";
import { FormFields } from "./form-fields";
import { LeaveGuard } from "./leave-guard";
import { isSame } from "./merge";
import { RecordBar } from "./record-bar";
import { breachesOf, placeOf, serviceRule } from "./rules";
import { keyOf, type Purpose, useEdit } from "./use-edit";
import { useSaving } from "./use-saving";

const titleOf = (purpose: Purpose): string => {
  if (purpose.kind === "new") return "New definition";
  return purpose.kind === "clone" ? `New definition like ${purpose.of}` : `Amend ${purpose.service}`;
};

/** Makes a definition, or changes one. */
export function DefinitionForm({ purpose }: { purpose: Purpose }) {
  const viewer = useSession((s) => s.viewer);
  const { edit, error, missing, change, setReason } = useEdit(purpose);
  const crumbs = [{ label: "Definitions", to: "/definitions" }];
  if (purpose.kind !== "new") {
    const service = purpose.kind === "clone" ? purpose.of : purpose.service;
    crumbs.push({ label: service, to: definitionPath(service) });
  }
  const body = (): React.ReactNode => {
    if (!mayAs(viewer, "ADMIN")) return <Denied needs="ADMIN" is={viewer?.role ?? null} />;
    if (missing) return <Empty title="There is no definition in use to change." />;
    if (error) return <ErrorView error={error} />;
    if (!edit) return <Loading what="the definition" />;
    return <Form key={keyOf(purpose)} purpose={purpose} edit={edit} change={change} setReason={setReason} />;
  };
  return (
    <>
      <PageHead title={titleOf(purpose)} crumbs={crumbs} />
      {body()}
    </>
  );
}

interface FormProps extends Pick<ReturnType<typeof useEdit>, "change" | "setReason"> {
  purpose: Purpose;
  edit: Edit;
}

function Form({ purpose, edit, change, setReason }: FormProps) {
  const { draft, base, reason } = edit;
  const navigate = useNavigate();
  const keeping = useKeeping();
  const drop = useDrafts((s) => s.drop);
  const lock = useLock("ADMIN");
  const saving = useSaving();
  const [visited, setVisited] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState(false);
  const done = useRef(false);

  const content = contentOfDraft(draft);
  const isNew = purpose.kind !== "edit";
  const service = draft.service.trim();
  const named = isNew ? serviceRule(draft.service) : null;
  const breaches = { ...breachesOf(content), ...(named !== null && { service: named }) };
  const seen = Object.entries(breaches).filter(
    ([field]) => asked || visited.has(field) || field === "failover" || field === "minInstances",
  );
  // What the server refuses is said where it is; the rest of it beside the button.
  const refused = saving.error === null ? null : placeOf(saving.field);
  const told = {
    ...Object.fromEntries(seen.map(([field, rule]) => [field, `Use ${rule}.`])),
    ...(refused !== null &&
      saving.error && { [refused]: `${sentence(saving.error.message)} ${saving.error.code}` }),
  };
  const changed = base
    ? !isSame(base.content, content)
    : JSON.stringify(draft) !== JSON.stringify(emptyDraft);
  const broken = Object.keys(breaches).length;

  const record = async (what: Content, revision: number | null): Promise<void> => {
    const recorded = await saving.save(service, what, reason.trim(), revision);
    if (!recorded) return;
    done.current = true;
    await navigate(keeping(definitionPath(service)));
    drop(keyOf(purpose));
  };
  const submit = (): void => {
    setAsked(true);
    if (broken > 0) {
      const [first] = Object.keys(breaches);
      document.getElementById(first === "failover" ? "leaseMs" : (first ?? ""))?.focus();
      return;
    }
    void record(content, base?.revision ?? null);
  };
  const discard = (): void => {
    if (!saving.conflict) return;
    const { theirs, revision } = saving.conflict;
    useDrafts.getState().put(keyOf(purpose), {
      draft: draftOf(service, theirs),
      base: { content: theirs, revision },
      reason: "",
    });
    saving.forget();
  };

  return (
    <div className="flex min-w-0 flex-1 items-start gap-4 px-4 pb-4 max-xl:gap-3 max-xl:px-3 max-lg:flex-col">
      <div className="flex w-full min-w-0 max-w-[40rem] flex-col gap-3">
        {saving.conflict && base ? (
          <ConflictPanel
            service={service}
            conflict={saving.conflict}
            base={base}
            mine={content}
            busy={saving.stage !== null}
            onDiscard={discard}
            onAmend={(what) => void record(what, saving.conflict?.revision ?? null)}
          />
        ) : (
          <form
            noValidate
            className="flex flex-col gap-3 rounded border border-border bg-card p-4"
            onSubmit={(event) => {
              event.preventDefault();
              submit();
            }}
          >
            <FormFields
              draft={draft}
              breaches={told}
              isNew={isNew}
              onChange={(part) => {
                saving.clear();
                change(part);
              }}
              onVisit={(field) => setVisited((all) => new Set(all).add(field))}
            />
            <RecordBar
              label={base ? `Amend to revision ${base.revision + 1}` : "Define"}
              reason={reason}
              onReason={setReason}
              stage={saving.stage}
              error={refused === null ? saving.error : null}
              blocked={lock ?? (changed ? null : "Nothing is changed yet.")}
            />
          </form>
        )}
      </div>
      <div className="sticky top-0 flex w-full min-w-0 max-w-[40rem] flex-1 flex-col gap-3">
        <EffectPanel
          service={serviceRule(service) === null ? service : ""}
          base={base?.content ?? null}
          content={content}
        />
        <ChangesPanel base={base?.content ?? null} content={content} />
      </div>
      <LeaveGuard changed={changed} recorded={done} onLeave={() => drop(keyOf(purpose))} />
    </div>
  );
}
