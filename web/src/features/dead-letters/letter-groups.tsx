import { count } from "@/shared/figures/format";
import { Moment } from "@/shared/time/moment";
import { Table } from "@/shared/ui/table";
import type { Result } from "./decide";
import type { Letter } from "./documents";
import { LetterRow } from "./letter-row";
import { type LetterGroup, letterKey } from "./letters";

const columns = [
  { label: "Chosen" },
  { label: "Letter", right: true },
  { label: "Age", className: "max-lg:hidden" },
  { label: "Came from" },
  { label: "Reason" },
  { label: "Size", right: true, className: "max-lg:hidden" },
];

interface Props {
  groups: readonly LetterGroup[];
  chosen: ReadonlySet<string>;
  peeked: string;
  results: ReadonlyMap<string, Result>;
  onChoose: (letters: readonly Letter[], on: boolean) => void;
  onPeek: (letter: Letter) => void;
}

/** The letters, those of one cause together. */
export function LetterGroups({ groups, chosen, peeked, results, onChoose, onPeek }: Props) {
  const isOpen = (letter: Letter): boolean => results.get(letterKey(letter))?.kind !== "done";
  return (
    <Table label="Dead letters" columns={columns} className="lg:min-w-[46rem]">
      {groups.map((group) => {
        const open = group.letters.filter(isOpen);
        const all = open.length > 0 && open.every((each) => chosen.has(letterKey(each)));
        return [
          <tr
            key={group.key}
            data-testid="letter-group"
            className="h-8 border-border border-t-2 border-b bg-card font-semibold"
          >
            <td className="px-2">
              <label className="flex size-6 items-center justify-center">
                <input
                  type="checkbox"
                  aria-label={`Choose all with this reason: ${group.reason}`}
                  checked={all}
                  disabled={open.length === 0}
                  onChange={() => onChoose(open, !all)}
                />
              </label>
            </td>
            <th scope="rowgroup" colSpan={5} className="max-w-0 px-2 text-left">
              <span className="flex min-w-0 items-center gap-2">
                <span className="truncate" title={group.reason}>
                  {group.reason}
                </span>
                <span className="shrink-0 rounded-full border border-input px-1.5 font-medium text-xs">
                  {count(group.letters.length)}
                </span>
                <span className="ml-auto shrink-0 font-normal text-muted-foreground text-xs max-lg:hidden">
                  {group.kind} · {count(open.length)} open · newest <Moment at={group.newest} />
                </span>
              </span>
            </th>
          </tr>,
          ...group.letters.map((letter) => {
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
        ];
      })}
    </Table>
  );
}
