import { useQuery } from "@/shared/graphql/use-query";
import { Moment } from "@/shared/time/moment";
import { EventLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import { decisionsOf, decisionTypes, deedWord } from "./decided";
import { DecidedLetters } from "./documents";

const EVERY_MS = 5_000;

/** What was decided lately, with the events that say so. */
export function DecidedList() {
  const { data } = useQuery(DecidedLetters, { types: decisionTypes }, { every: EVERY_MS });
  const decisions = decisionsOf(data?.events.nodes ?? []);
  if (decisions.length === 0) return null;
  return (
    <Panel title="Decided" note="the last 50" className="m-4 max-xl:m-3" bodyClass="p-0">
      <ul>
        {decisions.map((each) => (
          <li
            key={String(each.sequence)}
            data-testid="decision"
            className="flex h-7 min-w-0 items-center gap-3 border-border border-b px-3 last:border-b-0"
          >
            <span className="w-20 shrink-0 font-medium">{deedWord[each.deed].past}</span>
            <del className="w-64 shrink-0 truncate text-muted-foreground max-lg:w-32" title={each.subject}>
              {each.letter} · {each.subject}
            </del>
            <span className="min-w-0 flex-1 truncate" title={each.reason}>
              {each.reason}
            </span>
            <span className="shrink-0 text-muted-foreground max-lg:hidden">
              <Moment at={each.time} /> by {each.by}
            </span>
            <EventLink sequence={each.sequence} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
