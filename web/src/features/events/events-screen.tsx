import { useCallback, useMemo, useRef } from "react";
import { Button } from "@/components/ui/button";
import { merge } from "@/shared/events/log";
import { useEvents } from "@/shared/events/store";
import type { Whole } from "@/shared/graphql/exact";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { useUrlState } from "@/shared/url/use-url-state";
import { EventDetail } from "./event-detail";
import { EventTable } from "./event-table";
import { Toolbar } from "./toolbar";
import { useHistory } from "./use-history";
import { useHold } from "./use-hold";
import { eventsShape, isFiltered, matches, noFilter } from "./view-state";

/** The log by sequence, newest first: the live tail on top of pages of history. */
export function EventsScreen({ services }: { services: readonly string[] }) {
  const live = useEvents((s) => s.events);
  const [view, set] = useUrlState(eventsShape);
  const history = useHistory(view);
  const frame = useRef<HTMLDivElement>(null);

  const all = useMemo(() => {
    const fresh = (live ?? []).filter((event) => matches(event, view));
    // Below the oldest page of history the tail would have gaps, if it were filtered on the server only.
    return merge(history.events, fresh);
  }, [live, view, history.events]);
  const { shown, waiting, held, hold, release } = useHold(all);
  const newestFirst = useMemo(() => [...shown].reverse(), [shown]);
  const select = useCallback((event: Whole) => set({ event }), [set]);
  const resume = (): void => {
    release();
    frame.current?.querySelector("section")?.scrollTo({ top: 0 });
  };

  const list = (): React.ReactNode => {
    if (all.length > 0) {
      return (
        <EventTable
          events={newestFirst}
          selected={view.event}
          onSelect={select}
          onAway={hold}
          footer={<Footer {...history} filtered={isFiltered(view)} />}
        />
      );
    }
    if (history.loading) return <Loading what="events" />;
    if (history.error) return <ErrorView error={history.error} onRetry={history.older} />;
    return (
      <Empty title="No event matches.">
        <Button variant="outline" onClick={() => set(noFilter)}>
          Clear filters
        </Button>
      </Empty>
    );
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col" ref={frame}>
      <PageHead title="Events" actions={<CopyLink />} />
      <Toolbar
        view={view}
        set={set}
        services={services}
        {...{ held, waiting }}
        onHold={hold}
        onRelease={resume}
      />
      <div className="flex min-h-0 flex-1 flex-col lg:flex-row">
        <div className="flex min-h-80 min-w-0 flex-1 flex-col">{list()}</div>
        {view.event !== null && (
          <EventDetail
            sequence={view.event}
            event={all.find((e) => e.sequence === view.event)}
            onClose={() => set({ event: null })}
            onExclude={(key, value) => set({ [key]: [...view[key], value], event: null })}
          />
        )}
      </div>
    </div>
  );
}

function Footer({
  loading,
  error,
  more,
  older,
  filtered,
}: ReturnType<typeof useHistory> & { filtered: boolean }) {
  if (error) {
    return (
      <>
        <span className="text-bad">
          {error.message} ({error.code})
        </span>
        <Button variant="outline" onClick={older}>
          Try again
        </Button>
      </>
    );
  }
  if (!more) {
    const end = filtered ? "No older event matches." : "This is the beginning of the log.";
    return <span className="text-muted-foreground">{end}</span>;
  }
  return (
    <Button variant="outline" disabled={loading} onClick={older}>
      {loading ? "Loading…" : "Load older"}
    </Button>
  );
}
