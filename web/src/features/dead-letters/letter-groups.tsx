import { ChevronDown, ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import { count } from "@/shared/figures/format";
import { Age } from "@/shared/time/age";
import { Moment } from "@/shared/time/moment";
import { Table } from "@/shared/ui/table";
import type { Cause } from "./causes";
import type { Result } from "./decide";
import type { Letter } from "./documents";
import { LetterRow } from "./letter-row";
import { letterKey } from "./letters";

const columns = [
  { label: "Chosen" },
  { label: "Letter", right: true },
  { label: "Age", className: "max-lg:hidden" },
  { label: "Came from" },
  { label: "Reason" },
  { label: "Size", right: true, className: "max-lg:hidden" },
];

interface Props {
  causes: readonly Cause[];
  chosen: ReadonlySet<string>;
  peeked: string;
  results: ReadonlyMap<string, Result>;
  onChoose: (letters: readonly Letter[], on: boolean) => void;
  /** Chooses all of a cause, also those that are not read yet. */
  onChooseAll: (cause: Cause) => Promise<void>;
  onPeek: (letter: Letter) => void;
}

/** Beyond that many letters, each cause is one line until it is opened. */
const OPEN_MAX = 60;

const isDone = (results: Props["results"], letter: Letter): boolean =>
  results.get(letterKey(letter))?.kind === "done";

/** The letters, those of one cause together. */
export function LetterGroups({ causes, chosen, peeked, results, onChoose, onChooseAll, onPeek }: Props) {
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const few = causes.reduce((sum, { letters, left }) => sum + Math.max(left, letters.length), 0) <= OPEN_MAX;
  const turn = (key: string): void =>
    setTurned((all) => {
      const next = new Set(all);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <Table label="Dead letters" columns={columns} className="lg:min-w-[46rem]">
      {causes.map((cause) => {
        const open = few !== turned.has(cause.key);
        const unread = cause.left - cause.letters.filter((each) => !isDone(results, each)).length;
        return [
          <CauseRow
            key={cause.key}
            cause={cause}
            open={open}
            chosen={chosen}
            results={results}
            onTurn={() => turn(cause.key)}
            onNone={(letters) => onChoose(letters, false)}
            onAll={() => onChooseAll(cause)}
          />,
          ...(open ? cause.letters : []).map((letter) => {
            const key = letterKey(letter);
            return (
              <LetterRow
                key={key}
                letter={letter}
                chosen={chosen.has(key)}
                peeked={peeked === key}
                result={results.get(key)}
                onChoose={() => onChoose([letter], !chosen.has(key))}
                onPeek={() => onPeek(letter)}
              />
            );
          }),
          open && unread > 0 && (
            <tr key={`${cause.key} more`} className="h-7 border-border border-b bg-card">
              <td colSpan={6} className="px-2 pl-12 text-muted-foreground">
                {count(unread)} older ones of this cause are not read yet: choose all of it, or load older
                letters below.
              </td>
            </tr>
          ),
        ];
      })}
    </Table>
  );
}

interface CauseRowProps extends Pick<Props, "chosen" | "results"> {
  cause: Cause;
  open: boolean;
  onTurn: () => void;
  onNone: (letters: readonly Letter[]) => void;
  onAll: () => Promise<void>;
}

/** How many there are of a cause, since when, and a box for all of them. */
function CauseRow({ cause, open, chosen, results, onTurn, onNone, onAll }: CauseRowProps): ReactNode {
  const [busy, setBusy] = useState(false);
  const { reason, kind, letters, left, oldest, newest } = cause;
  const decided = letters.filter((each) => isDone(results, each)).length;
  const picked = letters.filter((each) => chosen.has(letterKey(each))).length;
  const all = left > 0 && picked >= left;
  const Icon = open ? ChevronDown : ChevronRight;
  const choose = async (): Promise<void> => {
    if (busy) return;
    if (all) {
      onNone(letters);
      return;
    }
    setBusy(true);
    await onAll();
    setBusy(false);
  };
  return (
    <tr data-testid="letter-group" className="h-8 border-border border-t-2 border-b bg-card font-semibold">
      <td className="px-2">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            aria-label={`Choose all with this reason: ${reason}`}
            checked={all}
            disabled={left <= 0}
            ref={(box) => {
              if (box) box.indeterminate = picked > 0 && !all;
            }}
            onChange={() => void choose()}
          />
        </label>
      </td>
      <th scope="rowgroup" colSpan={5} className="max-w-0 px-2 text-left">
        <span className="flex min-w-0 items-center gap-2">
          <button
            type="button"
            aria-expanded={open}
            aria-label={`${open ? "Fold" : "Show"} letters with this reason: ${reason}`}
            className="flex size-6 shrink-0 cursor-pointer items-center justify-center rounded-sm hover:bg-accent"
            onClick={onTurn}
          >
            <Icon aria-hidden="true" className="size-3.5" />
          </button>
          <span className="truncate" title={reason}>
            {reason}
          </span>
          <span className="shrink-0 rounded-full border border-input px-1.5 font-medium text-xs">
            {count(left)}
          </span>
          {busy && (
            <span role="status" className="shrink-0 font-normal text-muted-foreground text-xs">
              reading all of it…
            </span>
          )}
          <span className="ml-auto shrink-0 font-normal text-muted-foreground text-xs max-lg:hidden">
            {kind} · {decided > 0 && `${count(decided)} decided · `}
            oldest <Age since={oldest} /> · newest <Moment at={newest} />
          </span>
        </span>
      </th>
    </tr>
  );
}
