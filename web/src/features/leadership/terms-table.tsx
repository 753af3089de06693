import { Crown } from "lucide-react";
import { formatSpan } from "@/shared/time/duration";
import { Moment } from "@/shared/time/moment";
import { EventLink, InstanceLink } from "@/shared/ui/object-link";
import { causeWords, gapSpan, heldSpan, type Term } from "./terms";
import { hadNoOwner } from "./timeline/lanes";

const heads = ["Term", "Owner", "From", "To", "Held", "Gap before", "Cause", "By", "Event"];
const SHOWN = 200;

/** The same as the timeline, as text; newest first. */
export function TermsTable({
  service,
  terms,
  now,
}: {
  service: string;
  terms: readonly Term[];
  now: number;
}) {
  const newest = [...terms].reverse();
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-collapse">
        <thead className="bg-muted text-left text-xs">
          <tr>
            {heads.map((label) => (
              <th
                key={label}
                scope="col"
                className="h-7 whitespace-nowrap px-3 font-medium text-muted-foreground"
              >
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.slice(0, SHOWN).map((each) => {
            const { term, owner, from, to, before, sequence } = each;
            return (
              <tr
                key={String(term)}
                data-testid="term-row"
                data-term={String(term)}
                data-gap={before.measuredMs ?? ""}
                className="h-row border-border border-t hover:bg-accent"
              >
                <td className="px-3">{String(term)}</td>
                <td className="px-3">
                  <span className="flex items-center gap-1 text-lead">
                    <Crown aria-hidden="true" className="size-3" />
                    <InstanceLink service={service} instance={owner} className="font-normal" />
                  </span>
                </td>
                <td className="whitespace-nowrap px-3">
                  <Moment at={new Date(from).toISOString()} exact />
                </td>
                <td className="whitespace-nowrap px-3">
                  {to === null ? "now" : <Moment at={new Date(to).toISOString()} exact />}
                </td>
                <td className="whitespace-nowrap px-3">
                  {to === null ? formatSpan(now - from) : heldSpan(each, to)}
                </td>
                <td className="whitespace-nowrap px-3">
                  {before.cause === "FIRST" ? (
                    <span className="text-muted-foreground">—</span>
                  ) : before.measuredMs === null ? (
                    <span className="text-muted-foreground">
                      {hadNoOwner(before) ? "not measured" : "none, handed over"}
                    </span>
                  ) : hadNoOwner(before) ? (
                    gapSpan(before.measuredMs)
                  ) : (
                    formatSpan(before.measuredMs)
                  )}
                </td>
                <td className="whitespace-nowrap px-3">{causeWords[before.cause]}</td>
                <td className="w-full px-3 text-muted-foreground">
                  {[before.by, before.reason].filter(Boolean).join(": ") || "—"}
                </td>
                <td className="px-3">
                  <EventLink sequence={sequence} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {newest.length > SHOWN && (
        <p className="p-2 text-muted-foreground">and {newest.length - SHOWN} older</p>
      )}
    </div>
  );
}
