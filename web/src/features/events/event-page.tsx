import { EventAt } from "@/shared/events/documents";
import { differencesOf, settingsOf } from "@/shared/figures/settings";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { PageHead } from "@/shared/ui/page-head";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { EventFacts } from "./event-facts";

/** One event for good: its sequence is its address. */
export function EventPage({ sequence }: { sequence: Whole }) {
  const { data, error, again } = useQuery(EventAt, { sequence });
  const { event = null, eventChange = null } = data ?? {};
  return (
    <>
      <PageHead title={`Event ${sequence}`} crumbs={[{ label: "Events", to: "/events" }]} />
      {error && <ErrorView error={error} onRetry={again} />}
      {!data && !error && <Loading what="the event" onRetry={again} />}
      {data && !event && <Empty title={`There is no event at ${sequence}.`} />}
      {event && (
        <div className="grid grid-cols-1 items-start gap-3 px-4 pb-4 max-xl:px-3 xl:grid-cols-2">
          <Panel title="Event">
            <EventFacts event={event} />
          </Panel>
          <Panel title="What it changed" bodyClass="p-0">
            {eventChange === null ? (
              <p className="p-3 text-muted-foreground">
                The index does not reach back to the event before it.
              </p>
            ) : (
              <Changes before={eventChange.before} after={eventChange.after} />
            )}
          </Panel>
        </div>
      )}
    </>
  );
}

function Changes({ before, after }: { before: unknown; after: unknown }) {
  const changes = differencesOf(settingsOf(before), settingsOf(after));
  if (changes.length === 0)
    return <p className="p-3 text-muted-foreground">Nothing that the registry shows.</p>;
  return (
    <table className="w-full border-collapse">
      <thead className="bg-muted text-left text-xs">
        <tr>
          {["Field", "Before", "After"].map((label) => (
            <th key={label} scope="col" className="h-7 px-3 font-medium text-muted-foreground">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.key} className="border-border border-t align-top">
            <td className="px-3 py-1 font-mono text-xs">{change.key}</td>
            <td className="break-all px-3 py-1 font-mono text-muted-foreground text-xs">
              {change.before ?? "—"}
            </td>
            <td className="break-all px-3 py-1 font-mono text-xs">{change.after ?? "—"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
