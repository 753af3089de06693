import { Input } from "@/components/ui/input";
import { NONE } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { type Column, Table } from "@/shared/ui/table";
import { wordOf } from "./fields";
import { type Choices, type Meeting, resultOf, type Side } from "./merge";

interface Props {
  meetings: readonly Meeting[];
  base: number;
  theirs: number;
  choices: Choices;
  onChoose: (field: string, side: Side, value: string) => void;
}

const sides: readonly Side[] = ["theirs", "mine", "other"];

/** What was, what somebody else made of it, what I want, and what it comes to. Only true conflicts ask. */
export function ConflictTable({ meetings, base, theirs, choices, onChoose }: Props) {
  const columns: Column[] = [
    { label: "Field" },
    { label: `Base (${base})` },
    { label: `Theirs (${theirs})` },
    { label: "Mine" },
    { label: "Result", className: "w-1/3" },
  ];
  return (
    <div className="overflow-x-auto">
      <Table label="Both changes, field by field" columns={columns}>
        {meetings.map((meeting) => (
          <tr
            key={meeting.field}
            data-testid="conflict-row"
            data-field={meeting.field}
            className="border-border border-b align-top"
          >
            <th scope="row" className="px-2 py-1.5 text-left font-medium">
              {wordOf(meeting.field)}
            </th>
            <Value text={meeting.base} />
            <Value text={meeting.theirs} changed={meeting.theirs !== meeting.base} />
            <Value text={meeting.mine} changed={meeting.mine !== meeting.base} />
            <td className="px-2 py-1.5">
              {meeting.conflict ? (
                <Chooser meeting={meeting} choices={choices} onChoose={onChoose} />
              ) : (
                <>
                  {resultOf(meeting, choices) ?? NONE}
                  <span className="text-muted-foreground">
                    {" "}
                    · {meeting.mine === meeting.base ? "theirs" : "mine"}, no conflict
                  </span>
                </>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function Value({ text, changed = false }: { text: string | null; changed?: boolean }) {
  return (
    <td className={cn("break-words px-2 py-1.5", changed ? "font-medium" : "text-muted-foreground")}>
      {text ?? NONE}
    </td>
  );
}

function Chooser({ meeting, choices, onChoose }: { meeting: Meeting } & Pick<Props, "choices" | "onChoose">) {
  const { field } = meeting;
  const choice = choices[field];
  const value = choice?.value ?? meeting.mine ?? "";
  return (
    <fieldset className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <legend className="sr-only">Result for {wordOf(field)}</legend>
      {sides.map((side) => (
        <label key={side} className="flex cursor-pointer items-center gap-1">
          <input
            type="radio"
            name={`result ${field}`}
            className="accent-[var(--primary)]"
            checked={choice?.side === side}
            onChange={() => onChoose(field, side, value)}
          />
          {side}
        </label>
      ))}
      <Input
        aria-label={`Other value for ${wordOf(field)}`}
        className="w-32"
        value={value}
        disabled={choice?.side !== "other"}
        onChange={(event) => onChoose(field, "other", event.target.value)}
      />
    </fieldset>
  );
}
