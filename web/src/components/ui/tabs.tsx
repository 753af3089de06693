import type { ReactNode } from "react";
import { cn } from "@/shared/lib/utils";

export interface Tab<K extends string> {
  key: K;
  label: string;
  /** How many things stand under it. */
  count?: number | undefined;
}

interface Props<K extends string> {
  label: string;
  tabs: readonly Tab<K>[];
  chosen: K;
  onChoose: (key: K) => void;
  /** What stands at the right end of the row. */
  children?: ReactNode;
}

/** A row of tabs; arrow keys go from one to the next. The panel below has `id={tabPanelId}`. */
export function Tabs<K extends string>({ label, tabs, chosen, onChoose, children }: Props<K>) {
  const go = (step: number): void => {
    const at = tabs.findIndex((tab) => tab.key === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onChoose(next.key);
    document.getElementById(`tab-${next.key}`)?.focus();
  };
  return (
    <div className="flex h-9 shrink-0 items-end gap-2 border-border border-b px-4 max-xl:px-3">
      <div
        role="tablist"
        aria-label={label}
        className="flex min-w-0 gap-1 overflow-x-auto"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(1);
          else if (event.key === "ArrowLeft") go(-1);
        }}
      >
        {tabs.map((tab) => (
          <button
            key={tab.key}
            id={`tab-${tab.key}`}
            type="button"
            role="tab"
            aria-selected={tab.key === chosen}
            aria-controls="tab-panel"
            tabIndex={tab.key === chosen ? 0 : -1}
            onClick={() => onChoose(tab.key)}
            className={cn(
              "-mb-px h-8 shrink-0 cursor-pointer border-b-2 px-2 -outline-offset-2",
              tab.key === chosen
                ? "border-primary font-semibold"
                : "border-transparent text-muted-foreground hover:text-foreground",
            )}
          >
            {tab.label}{" "}
            {tab.count !== undefined && <span className="ml-1 text-muted-foreground">{tab.count}</span>}
          </button>
        ))}
      </div>
      {children && <div className="mb-1 ml-auto flex items-center gap-2">{children}</div>}
    </div>
  );
}

export function TabPanel({
  tab,
  children,
  className,
}: {
  tab: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`} className={className}>
      {children}
    </div>
  );
}
