import { Plus, Upload } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import { plural } from "@/shared/figures/format";
import { ViewsMenu } from "@/shared/saved-views/views-menu";
import { ActionButton } from "@/shared/ui/action-button";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { SearchField } from "@/shared/ui/search-field";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { Table } from "@/shared/ui/table";
import { newDefinitionPath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import { DefinitionRow } from "./definition-row";
import { ExportMenu } from "./export-menu";
import { nobody } from "./running";
import { useDefinitions } from "./use-definitions";
import { definitionsShape, takes } from "./view-state";

const ImportDialog = lazy(() => import("./import-dialog"));

const columns = [
  { label: "Service" },
  { label: "Version, running" },
  { label: "Instances, running" },
  { label: "Failover", className: "max-lg:hidden" },
  { label: "Registration", className: "max-lg:hidden" },
  { label: "Team", className: "max-xl:hidden" },
  { label: "Revision", right: true, className: "max-xl:hidden" },
  { label: "Changed", className: "max-lg:hidden" },
  { label: "Drift" },
];

const presets = [
  { name: "In use", search: "" },
  { name: "Retired too", search: "retired=1" },
];
const none: readonly string[] = [];

/** What each service is meant to be, and whether it is. */
export function DefinitionsScreen() {
  const { definitions, total, error, running, again } = useDefinitions();
  const [view, set] = useUrlState(definitionsShape);
  const [importing, setImporting] = useState(false);
  const navigate = useNavigate();
  const keeping = useKeeping();
  const shown = definitions?.filter((each) => takes(view, each)) ?? [];
  const retired = definitions?.filter(({ status }) => status === "RETIRED").length ?? 0;
  const define = (): void => void navigate(keeping(newDefinitionPath));

  const body = (): React.ReactNode => {
    if (!definitions) {
      return error ? (
        <ErrorView error={error} onRetry={again} />
      ) : (
        <Loading what="definitions" onRetry={again} />
      );
    }
    if (definitions.length === 0) {
      return (
        <Empty title="No service is defined.">
          A definition says what a service is meant to be: its version, how many instances, how fast it fails
          over. An admin can write one here, or import a file.
        </Empty>
      );
    }
    return (
      <section
        aria-label="Definitions"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto -outline-offset-2"
      >
        <Table label="Definitions" columns={columns} className="lg:min-w-[52rem]">
          {shown.map((each) => (
            <DefinitionRow
              key={each.service}
              definition={each}
              running={running ? (running.get(each.service) ?? nobody) : null}
            />
          ))}
        </Table>
        <p
          className="flex h-9 items-center gap-2 px-4 text-muted-foreground max-xl:px-3"
          data-testid="list-count"
        >
          {shown.length === total
            ? plural(total, "definition")
            : `${shown.length} of ${plural(total, "definition")} · ${total - shown.length} left out`}
          {shown.length === 0 && (
            <Button variant="outline" onClick={() => set({ q: "", retired: true })}>
              Show all
            </Button>
          )}
        </p>
      </section>
    );
  };

  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <PageHead
        title="Definitions"
        actions={
          <>
            <CopyLink />
            {definitions && <ExportMenu definitions={definitions} />}
            <ActionButton needs="ADMIN" onClick={() => setImporting(true)}>
              <Upload aria-hidden="true" /> Import
            </ActionButton>
            <ActionButton needs="ADMIN" onClick={define}>
              <Plus aria-hidden="true" /> New definition
            </ActionButton>
          </>
        }
      />
      <div
        data-no-print
        className="flex h-10 shrink-0 items-center gap-1.5 border-border border-b px-4 max-xl:px-3"
      >
        <SearchField
          label="Filter definitions"
          className="min-w-24 max-w-64 flex-1"
          value={view.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <Toggle pressed={view.retired} onClick={() => set({ retired: !view.retired })}>
          Retired too
          {retired > 0 && <span>({retired})</span>}
        </Toggle>
        <ViewsMenu screen="/definitions" presets={presets} passing={none} />
        {definitions && error && <Problem error={error} onRetry={again} />}
      </div>
      {body()}
      <Suspense fallback={null}>
        {importing && definitions && (
          <ImportDialog
            standing={definitions}
            onClose={() => {
              setImporting(false);
              again();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}
