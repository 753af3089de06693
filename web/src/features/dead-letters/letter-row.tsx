import { bytes } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { EventLink } from "@/shared/ui/object-link";
import { chosenRow, rowClass } from "@/shared/ui/table";
import type { Result } from "./decide";
import type { Letter } from "./documents";

interface Props {
  letter: Letter;
  chosen: boolean;
  peeked: boolean;
  result: Result | undefined;
  onChoose: () => void;
  onPeek: () => void;
}

export function LetterRow({ letter, chosen, peeked, result, onChoose, onPeek }: Props) {
  const done = result?.kind === "done";
  const subject = letter.originalSubject ?? letter.subject;
  return (
    <tr
      data-testid="letter-row"
      data-sequence={String(letter.sequence)}
      className={cn(rowClass, "cursor-pointer", peeked && chosenRow)}
      onClick={(click) => {
        if (!(click.target as Element).closest("a, input, label")) onPeek();
      }}
    >
      <td className="w-9 px-2">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            aria-label={`Choose letter ${letter.sequence}`}
            checked={chosen}
            disabled={done}
            onChange={onChoose}
          />
        </label>
      </td>
      <td className="w-20 px-2 text-right">
        <button
          type="button"
          className="cursor-pointer hover:underline"
          aria-pressed={peeked}
          aria-label={`Letter ${letter.sequence}: look at it`}
        >
          {letter.sequence}
        </button>
      </td>
      <td className="w-24 whitespace-nowrap px-2 text-muted-foreground max-lg:hidden">
        <Age since={letter.at} />
      </td>
      <td
        className={cn("max-w-80 truncate px-2 max-lg:max-w-40", done && "text-muted-foreground line-through")}
        title={subject}
      >
        {subject}
      </td>
      <td className="w-full px-2">
        {result === undefined && <span className="line-clamp-1">{letter.reason}</span>}
        {done && (
          <>
            decided, <EventLink sequence={result.sequence} />
          </>
        )}
        {result?.kind === "failed" && (
          <span className="text-bad">
            {result.error.message} <span className="font-mono text-xs">{result.error.code}</span>
          </span>
        )}
      </td>
      <td className="w-20 whitespace-nowrap px-2 text-right max-lg:hidden">{bytes(letter.size)}</td>
    </tr>
  );
}
