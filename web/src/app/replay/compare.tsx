import { Minus, Pencil, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { Toggle } from "@/components/ui/toggle";
import { count, plural } from "@/shared/figures/format";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { RegistryAt } from "@/shared/replay/documents";
import { asOfVariables } from "@/shared/replay/variables";
import { DefinitionLink, GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { Loading, Problem } from "@/shared/ui/states";
import { Table } from "@/shared/ui/table";
import { type LogMoment, momentFrom } from "@/shared/url/moment";
import { cutOf, type Difference, differencesBetween, tally } from "./differences";

interface Props {
  /** The moment that the page shows. */
  moment: LogMoment;
  /** The other one; null for the newest. */
  other: LogMoment | null;
  head: Whole;
  onOther: (at: string) => void;
  onClose: () => void;
}

const looks = {
  added: { icon: Plus, word: "Added" },
  removed: { icon: Minus, word: "Removed" },
  changed: { icon: Pencil, word: "Changed" },
} as const;

/** What differs between the moment that the page shows and another one. */
export default function Compare({ moment, other, head, onOther, onClose }: Props) {
  // The newest moment is that of when this was opened.
  const [newest] = useState(head);
  const [text, setText] = useState(() => wordOf(other, newest));
  const [kind, setKind] = useState<Difference["how"] | null>(null);
  const typed = text.trim();
  const wanted = /^\d+$/.test(typed) ? `s${typed}` : typed;
  const one = useQuery(RegistryAt, asOfVariables(moment));
  const two = useQuery(RegistryAt, asOfVariables(other ?? { sequence: newest }));
  const error = one.error ?? two.error;
  const [a, b] = [one.data?.asOf, two.data?.asOf];
  const backwards = a !== undefined && b !== undefined && a.asOfSequence > b.asOfSequence;
  const [first, last] = backwards ? [b, a] : [a, b];
  const differences = first && last ? differencesBetween(first, last) : null;
  const shown = (differences ?? []).filter(({ how }) => kind === null || how === kind);
  const cut = first && last ? cutOf(first, last) : [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (momentFrom(wanted)) onOther(wanted);
  };
  return (
    <Dialog title="Compare two moments" onClose={onClose} className="w-[56rem]">
      <form className="mb-3 flex flex-wrap items-center gap-2" onSubmit={submit}>
        <span>The moment on the page with</span>
        <Input
          aria-label="Other moment: sequence or time"
          className="w-56"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" variant="outline" disabled={momentFrom(wanted) === null}>
          Compare
        </Button>
      </form>
      {error && <Problem error={error} />}
      {!error && differences === null && <Loading what="both moments" />}
      {differences !== null && (
        <>
          <p className="mb-2 flex flex-wrap items-center gap-2">
            <span data-testid="differences">
              {differences.length === 0 ? "Nothing differs." : `${tally(differences)}.`}
            </span>
            {(["added", "removed", "changed"] as const).map((how) => {
              const n = differences.filter((each) => each.how === how).length;
              if (n === 0) return null;
              return (
                <Toggle
                  key={how}
                  className="h-6"
                  pressed={kind === how}
                  onClick={() => setKind(kind === how ? null : how)}
                >
                  {looks[how].word} {count(n)}
                </Toggle>
              );
            })}
          </p>
          {cut.length > 0 && (
            <p className="mb-2 text-warn">
              There are more {cut.join(" and ")} than can be compared here: only the first ones were.
            </p>
          )}
          {differences.length > 0 && (
            <Table
              label={plural(shown.length, "difference")}
              columns={[
                { label: "Change" },
                { label: "Kind" },
                { label: "Name" },
                { label: `At seq ${first?.asOfSequence}` },
                { label: `At seq ${last?.asOfSequence}` },
              ]}
            >
              {shown.map((each) => (
                <Line key={each.key} difference={each} />
              ))}
            </Table>
          )}
        </>
      )}
    </Dialog>
  );
}

/** As it stands in the field. */
function wordOf(moment: LogMoment | null, head: Whole): string {
  if (moment === null) return String(head);
  return "sequence" in moment ? String(moment.sequence) : moment.time;
}

function Line({ difference: { kind, name, how, before, after } }: { difference: Difference }) {
  const { icon: Icon, word } = looks[how];
  const slash = name.indexOf("/");
  const [service, rest] = [name.slice(0, slash), name.slice(slash + 1)];
  return (
    <tr data-how={how} className="h-7 border-border border-b">
      <td className="whitespace-nowrap px-2">
        <Icon aria-hidden="true" className="mr-1 inline size-3 text-muted-foreground" />
        {word}
      </td>
      <td className="px-2 text-muted-foreground">{kind}</td>
      <td className="px-2">
        {slash < 0 ? (
          kind === "Definition" ? (
            <DefinitionLink service={name} />
          ) : (
            <ServiceLink service={name} />
          )
        ) : (
          <>
            <span className="text-muted-foreground">{service}/</span>
            {kind === "Instance" ? (
              <InstanceLink service={service} instance={rest} className="align-bottom" />
            ) : (
              <GroupLink service={service} group={rest} className="align-bottom" />
            )}
          </>
        )}
      </td>
      <td className={cn("px-2", how === "changed" && "text-muted-foreground")}>{before}</td>
      <td className="px-2">{after}</td>
    </tr>
  );
}
