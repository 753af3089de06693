import { useCallback, useMemo, useRef } from "react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import type { Event } from "@/shared/events/documents";
import { ExportButton } from "@/shared/events/export-button";
import { Footer } from "@/shared/events/list-ends";
import { useLog } from "@/shared/events/use-log";
import { useSpan } from "@/shared/events/use-span";
import { useReplay } from "@/shared/replay/store";
import { ViewsMenu } from "@/shared/saved-views/views-menu";
import { mayAs, useSession } from "@/shared/session/store";
import { useNow } from "@/shared/time/clock";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { SearchField } from "@/shared/ui/search-field";
import { Denied, Empty, ErrorView, Loading } from "@/shared/ui/states";
import { Table } from "@/shared/ui/table";
import { useUrlState } from "@/shared/url/use-url-state";
import { ChainHead } from "@/shared/verification/chain-head";
import { AuditRow } from "./audit-row";
import { actions, actionTypes } from "./deeds";
import { auditShape, isFiltered, takes, toServer } from "./view-state";

const presets = [
  { name: "All that people did", search: "" },
  { name: "Step-downs", search: "action=aegis.leadership.step_down_requested.v1" },
  { name: "Drains", search: "action=aegis.instance.drain_requested.v1" },
];
const none: readonly string[] = [];

/** Who did what, when, and why. */
export function AuditScreen() {
  const viewer = useSession((s) => s.viewer);
  if (mayAs(viewer, "AUDITOR")) return <Audit />;
  return (
    <>
      <PageHead title="Audit" />
      <Denied needs="AUDITOR" is={viewer?.role ?? null} />
    </>
  );
}

function Audit() {
  const [view, set] = useUrlState(auditShape);
  const { span, live, set: setSpan } = useSpan();
  const zone = useZone((s) => s.zone);
  const now = useNow();
  const filter = useMemo(() => toServer(view, span), [view, span]);
  const belongs = useCallback((event: Event) => takes(view, event), [view]);
  const until = useReplay((s) => s.sequence);
  const held = useRef(false);
  const log = useLog({ filter, takes: belongs, top: null, live, until, held });
  const events = useMemo(() => [...log.events].reverse(), [log.events]);
  const actors = [...new Set([...events.map(({ actor }) => actor), view.actor])].filter(Boolean).sort();
  const filtered = isFiltered(view) || span !== null;
  const columns = [
    { label: `Time, ${zone === "utc" ? "UTC" : "local"}` },
    { label: "Who" },
    { label: "Action" },
    { label: "Object" },
    { label: "Reason", className: "max-lg:hidden" },
    { label: "Result" },
  ];
  const clear = (): void => {
    set({ q: "", actor: "", action: "" });
    setSpan(null);
  };

  const body = (): React.ReactNode => {
    if (events.length > 0) {
      return (
        <section aria-label="Audit" tabIndex={0} className="min-h-0 flex-1 overflow-auto -outline-offset-2">
          <Table label="Audit" columns={columns} className="lg:min-w-[52rem]">
            {events.map((event) => (
              <AuditRow key={String(event.sequence)} event={event} now={now} />
            ))}
          </Table>
          <footer className="flex h-10 items-center justify-center gap-2">
            <Footer log={log} filtered={filtered} />
          </footer>
        </section>
      );
    }
    if (log.loading === "all") return <Loading what="the audit" onRetry={log.again} />;
    if (log.error) return <ErrorView error={log.error} onRetry={log.again} />;
    return (
      <Empty title={filtered ? "Nothing matches." : "Nobody has changed anything yet."}>
        {filtered && (
          <Button variant="outline" onClick={clear}>
            Clear filters
          </Button>
        )}
      </Empty>
    );
  };

  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <PageHead
        title="Audit"
        facts={<ChainHead />}
        actions={
          <>
            <CopyLink />
            <ExportButton filter={filter} name="audit" />
          </>
        }
      />
      <div
        data-no-print
        className="flex h-10 shrink-0 items-center gap-1.5 border-border border-b px-4 max-xl:px-3"
      >
        <SearchField
          label="Filter the audit"
          className="min-w-24 max-w-56 flex-1"
          value={view.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <NativeSelect
          aria-label="Who"
          className="w-48 max-lg:w-28"
          value={view.actor}
          onChange={(event) => set({ actor: event.target.value })}
        >
          <option value="">Everybody</option>
          {actors.map((actor) => (
            <option key={actor}>{actor}</option>
          ))}
        </NativeSelect>
        <NativeSelect
          aria-label="Action"
          className="w-40 max-lg:w-28"
          value={view.action}
          onChange={(event) => set({ action: event.target.value })}
        >
          <option value="">All actions</option>
          {actionTypes.map((type) => (
            <option key={type} value={type}>
              {actions[type]}
            </option>
          ))}
        </NativeSelect>
        <ViewsMenu screen="/audit" presets={presets} passing={none} />
        {span && (
          <Button variant="outline" className="font-normal" onClick={() => setSpan(null)}>
            since {formatSecond(span.from, zone, now)}
            {!live && ` until ${formatSecond(span.to, zone, now)}`}, all of it
          </Button>
        )}
      </div>
      {body()}
      <p className="border-border border-t bg-card px-4 py-1.5 text-muted-foreground text-xs max-xl:px-3">
        What was carried out stands here. Refused and denied attempts, sign-ins, tokens that were given out,
        and the role, way in and address of whoever acted are not recorded yet; failed sign-ins are in the log
        of the control plane's process.
      </p>
    </div>
  );
}
