import { EventLink } from "@/shared/ui/object-link";
import { Table } from "@/shared/ui/table";
import type { Result } from "./decide";
import type { Letter } from "./documents";
import { type Deed, letterKey, previewOf } from "./letters";

const columns = [{ label: "Letter", right: true }, { label: "Came from" }, { label: "Outcome" }];
/** So many are listed; the others are counted. */
const LISTED = 200;

interface Props {
  letters: readonly Letter[];
  deed: Deed;
  results: ReadonlyMap<string, Result>;
}

/** What would become of each letter, then what has. */
export function OutcomeList({ letters, deed, results }: Props) {
  return (
    <section
      aria-label="What becomes of each"
      tabIndex={0}
      className="max-h-72 overflow-auto rounded border border-border"
    >
      <Table label="What becomes of each" columns={columns}>
        {letters.slice(0, LISTED).map((letter) => (
          <tr
            key={letterKey(letter)}
            data-testid="outcome"
            className="h-7 border-border border-b last:border-b-0"
          >
            <td className="w-16 px-2 text-right">{letter.sequence}</td>
            <td className="max-w-56 truncate px-2" title={letter.originalSubject ?? letter.subject}>
              {letter.originalSubject ?? letter.subject}
            </td>
            <td className="px-2">
              <Outcome letter={letter} deed={deed} result={results.get(letterKey(letter))} />
            </td>
          </tr>
        ))}
      </Table>
      {letters.length > LISTED && (
        <p className="p-2 text-muted-foreground">and {letters.length - LISTED} more</p>
      )}
    </section>
  );
}

function Outcome({ letter, deed, result }: { letter: Letter; deed: Deed; result: Result | undefined }) {
  if (result?.kind === "done") {
    return (
      <span className="inline-flex items-center gap-1 text-ok">
        done, <EventLink sequence={result.sequence} />
      </span>
    );
  }
  if (result) {
    return (
      <span className="text-bad">
        {result.error.message} <span className="font-mono text-xs">{result.error.code}</span>
      </span>
    );
  }
  const { possible, text } = previewOf(letter, deed);
  return (
    <span className={possible ? "text-muted-foreground" : "text-warn"}>
      {possible ? text : `left out: ${text}`}
    </span>
  );
}
