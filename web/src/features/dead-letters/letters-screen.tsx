import { Download } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { ChooseAll } from "@/shared/bulk/choose-all";
import type { Reading } from "@/shared/bulk/load-all";
import { count, plural } from "@/shared/figures/format";
import type { AppError } from "@/shared/graphql/errors";
import { mayAs, useSession } from "@/shared/session/store";
import { ActionButton } from "@/shared/ui/action-button";
import { CopyLink } from "@/shared/ui/copy-link";
import { useNotices } from "@/shared/ui/notice";
import { PageHead } from "@/shared/ui/page-head";
import { PresentOnly } from "@/shared/ui/present-only";
import { SearchField } from "@/shared/ui/search-field";
import { Denied, Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { useUrlState } from "@/shared/url/use-url-state";
import { type Cause, causeKey, causesOf } from "./causes";
import { DecideDialog } from "./decide-dialog";
import { DecidedList } from "./decided-list";
import type { Letter, ToldGroup } from "./documents";
import { lettersCsv, saveCsv } from "./export-letters";
import { LetterGroups } from "./letter-groups";
import { LetterPeek } from "./letter-peek";
import { type Deed, letterHas, letterKey } from "./letters";
import { READ_MAX, useLetters } from "./use-letters";
import { lettersShape } from "./view-state";

/** Messages that nobody could process, and what to do with them. */
export function LettersScreen() {
  const viewer = useSession((s) => s.viewer);
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
      <PageHead title="Dead letters" facts={<PresentOnly />} actions={<CopyLink />} />
      {mayAs(viewer, "AUDITOR") ? <Letters /> : <Denied needs="AUDITOR" is={viewer?.role ?? null} />}
    </div>
  );
}

function Letters() {
  const [view, set] = useUrlState(lettersShape);
  const { letters, told, total, error, more, older, reach, again, results, note } = useLetters(view.kind);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const tell = useNotices((s) => s.tell);
  const [asked, setAsked] = useState<{ deed: Deed; letters: readonly Letter[] } | null>(null);
  const shown = useMemo(() => (letters ?? []).filter((each) => letterHas(each, view.q)), [letters, view.q]);
  const isOpen = (letter: Letter): boolean => results.get(letterKey(letter))?.kind !== "done";
  // What is read needs no telling, and what is not read yet cannot be searched.
  const others = more && view.q === "" ? told : none;
  const causes = useMemo(
    () =>
      causesOf(
        shown,
        others.filter(({ kind }) => view.kind === "" || kind === view.kind),
        (letter) => results.get(letterKey(letter))?.kind !== "done",
      ),
    [shown, others, view.kind, results],
  );
  const picked = shown.filter((each) => chosen.has(letterKey(each)) && isOpen(each));
  const peeked = (letters ?? []).find((each) => letterKey(each) === view.letter);
  const kinds = [...new Set([...(letters ?? []).map(({ kind }) => kind), view.kind])].filter(Boolean).sort();
  const choose = (which: readonly Letter[], on: boolean): void =>
    setChosen((all) => {
      const next = new Set(all);
      for (const key of which.map(letterKey)) {
        if (on) next.add(key);
        else next.delete(key);
      }
      return next;
    });
  const chooseAll = async (cause: Cause): Promise<void> => {
    const ofIt = (all: readonly Letter[]): readonly Letter[] =>
      all.filter((each) => causeKey(each) === cause.key && letterHas(each, view.q));
    const openOf = (all: readonly Letter[]): readonly Letter[] => ofIt(all).filter(isOpen);
    const enough = (all: readonly Letter[]): boolean => openOf(all).length >= cause.left;
    const read = view.q === "" ? (await reach(enough)).letters : shown;
    choose(openOf(read), true);
  };
  /** What matches is known of what is read only: so all is read first. */
  const chooseMatching = async ({ onRead, signal }: Reading): Promise<AppError | null> => {
    const told = await reach((all) => {
      onRead(all.length);
      return signal.aborted;
    });
    if (signal.aborted || told.error) return told.error;
    const matching = told.letters.filter((each) => letterHas(each, view.q) && isOpen(each));
    choose(matching, true);
    if (told.left) tell(tooMany, true);
    return null;
  };
  const decide = (deed: Deed) => () => setAsked({ deed, letters: picked });
  const nobody = picked.length === 0 ? "Choose letters first." : null;

  return (
    <>
      <div
        data-no-print
        className="flex h-10 shrink-0 items-center gap-1.5 border-border border-b px-4 max-xl:px-3"
      >
        <SearchField
          label="Filter letters"
          className="min-w-24 max-w-56 flex-1"
          value={view.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <NativeSelect
          aria-label="Kind"
          className="w-40 max-lg:w-28"
          value={view.kind}
          onChange={(event) => set({ kind: event.target.value })}
        >
          <option value="">All kinds</option>
          {kinds.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </NativeSelect>
        {letters && error && <Problem error={error} onRetry={again} />}
        <span className="ml-auto flex items-center gap-1.5">
          <span className="text-muted-foreground max-lg:sr-only" data-testid="chosen">
            {picked.length} chosen
          </span>
          {picked.length > 0 ? (
            <Button variant="ghost" className="font-normal" onClick={() => setChosen(new Set())}>
              Clear
            </Button>
          ) : (
            <ChooseAll
              matching={more ? null : shown.filter(isOpen).length}
              filtered={view.q !== "" || view.kind !== ""}
              onAll={chooseMatching}
            />
          )}
          <Button
            variant="outline"
            title="Save the letters that are shown as a table (CSV)"
            disabled={shown.length === 0}
            onClick={() => saveCsv("dead-letters", lettersCsv(shown, results))}
          >
            <Download aria-hidden="true" /> Export
          </Button>
          <ActionButton needs="OPERATOR" blocked={nobody} onClick={decide("redrive")}>
            Redrive…
          </ActionButton>
          <ActionButton needs="OPERATOR" danger blocked={nobody} onClick={decide("discard")}>
            Discard…
          </ActionButton>
        </span>
      </div>
      <div className="flex min-h-0 flex-1">
        <section
          aria-label="Dead letters"
          tabIndex={0}
          className="flex min-h-0 min-w-0 flex-1 flex-col overflow-auto -outline-offset-2"
        >
          {letters === null &&
            (error ? (
              <ErrorView error={error} onRetry={again} />
            ) : (
              <Loading what="dead letters" onRetry={again} />
            ))}
          {letters?.length === 0 && (
            <Empty title="No message waits for a decision.">
              Messages that nobody can process are put aside for 30 days, and come here.
            </Empty>
          )}
          {letters !== null && letters.length > 0 && (
            <>
              <LetterGroups
                causes={causes}
                chosen={chosen}
                peeked={view.letter}
                results={results}
                onChoose={choose}
                onChooseAll={chooseAll}
                onPeek={(letter) => set({ letter: letterKey(letter) })}
              />
              <p className="flex h-9 shrink-0 items-center gap-2 px-4 text-muted-foreground max-xl:px-3">
                {shown.length} shown of {plural(total, "letter")} there are
                {more && (
                  <Button variant="outline" onClick={older}>
                    Load older
                  </Button>
                )}
              </p>
            </>
          )}
          <DecidedList />
        </section>
        {peeked && (
          <LetterPeek
            key={view.letter}
            letter={peeked}
            decided={!isOpen(peeked)}
            onDecide={(deed) => setAsked({ deed, letters: [peeked] })}
            onClose={() => set({ letter: "" })}
          />
        )}
      </div>
      {asked && (
        <DecideDialog
          letters={asked.letters}
          deed={asked.deed}
          onResult={note}
          onClose={() => {
            setAsked(null);
            again();
          }}
        />
      )}
    </>
  );
}

const none: readonly ToldGroup[] = [];

const tooMany = `Only the newest ${count(READ_MAX)} letters were chosen from: decide on these first.`;
