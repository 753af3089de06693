import { csvOf } from "@/shared/lib/csv";
import { saveAs } from "@/shared/lib/save-as";
import type { Result } from "./decide";
import { deedWord } from "./decided";
import type { Letter } from "./documents";
import { type Deed, letterKey, previewOf } from "./letters";

const HEAD = ["letter", "put aside", "kind", "came from", "stream", "message", "bytes", "reason"];

const facts = (letter: Letter) => [
  letter.sequence,
  letter.at,
  letter.kind,
  letter.originalSubject,
  letter.originalStream,
  letter.originalSequence,
  letter.size,
  letter.reason,
];

/** What became of a letter: state, sequence of the event that records it, code, message. */
function told(result: Result | undefined): (string | number | bigint | null)[] {
  if (result === undefined) return ["open", null, null, null];
  if (result.kind === "done") return ["decided", result.sequence, null, null];
  return ["failed", null, result.error.code, result.error.message];
}

type Results = ReadonlyMap<string, Result>;

export const lettersCsv = (letters: readonly Letter[], results: Results): string =>
  csvOf([
    [...HEAD, "state", "recorded as seq", "code", "message of the server"],
    ...letters.map((each) => [...facts(each), ...told(results.get(letterKey(each)))]),
  ]);

/** What would become of each, as far as nothing is done, and what has. */
export const resultsCsv = (letters: readonly Letter[], deed: Deed, why: string, results: Results): string =>
  csvOf([
    [...HEAD, "decision", "for", "state", "recorded as seq", "code", "message of the server"],
    ...letters.map((each) => {
      const result = results.get(letterKey(each));
      const { possible, text } = previewOf(each, deed);
      const outcome = result ? told(result) : [possible ? "preview" : "left out", null, null, text];
      return [...facts(each), deedWord[deed].verb.toLowerCase(), why, ...outcome];
    }),
  ]);

export const saveCsv = (name: string, text: string): void => saveAs(`${name}.csv`, "text/csv", text);
