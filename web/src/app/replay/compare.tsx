import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { plural } from "@/shared/figures/format";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { RegistryAt } from "@/shared/replay/documents";
import { asOfVariables } from "@/shared/replay/variables";
import { Loading, Problem } from "@/shared/ui/states";
import { type LogMoment, momentFrom } from "@/shared/url/moment";
import { differencesBetween } from "./differences";

interface Props {
  /** The moment that the page shows. */
  moment: LogMoment;
  head: Whole;
  onClose: () => void;
}

/** What differs between the moment that the page shows and another one. */
export default function Compare({ moment, head, onClose }: Props) {
  const [text, setText] = useState(String(head));
  const [other, setOther] = useState<LogMoment>({ sequence: head });
  const wanted = momentFrom(/^\d+$/.test(text.trim()) ? `s${text.trim()}` : text.trim());
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wanted) setOther(wanted);
  };
  const one = useQuery(RegistryAt, asOfVariables(moment));
  const two = useQuery(RegistryAt, asOfVariables(other));
  const error = one.error ?? two.error;
  const [a, b] = [one.data?.asOf, two.data?.asOf];
  const backwards = a !== undefined && b !== undefined && a.asOfSequence > b.asOfSequence;
  const differences = a && b ? (backwards ? differencesBetween(b, a) : differencesBetween(a, b)) : null;
  const [first, last] = backwards ? [b, a] : [a, b];
  return (
    <Dialog title="Compare two moments" onClose={onClose} className="w-[52rem]">
      <form className="mb-3 flex items-center gap-2" onSubmit={submit}>
        <span>The moment on the page with</span>
        <Input
          aria-label="Other moment: sequence or time"
          className="w-56"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" variant="outline" disabled={wanted === null}>
          Compare
        </Button>
      </form>
      {error && <Problem error={error} />}
      {!error && differences === null && <Loading what="both moments" />}
      {differences !== null && (
        <>
          <p className="mb-2" data-testid="differences">
            {differences.length === 0 ? "Nothing differs." : `${plural(differences.length, "thing")} differ.`}
          </p>
          {differences.length > 0 && (
            <table className="w-full border-collapse">
              <thead className="bg-muted text-left text-xs">
                <tr>
                  {["Kind", "Name", `At seq ${first?.asOfSequence}`, `At seq ${last?.asOfSequence}`].map(
                    (label) => (
                      <th key={label} scope="col" className="h-7 px-2 font-medium text-muted-foreground">
                        {label}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {differences.map(({ key, kind, name, before, after }) => (
                  <tr key={key} className="h-7 border-border border-t">
                    <td className="px-2 text-muted-foreground">{kind}</td>
                    <td className="px-2 font-medium">{name}</td>
                    <td className="px-2">{before}</td>
                    <td className="px-2">{after}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </Dialog>
  );
}
