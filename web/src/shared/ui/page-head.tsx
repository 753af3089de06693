import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useKeeping } from "@/shared/url/links";

export interface Crumb {
  label: string;
  to: string;
}

interface Props {
  title: string;
  crumbs?: readonly Crumb[];
  /** State and facts, beside the name. */
  facts?: ReactNode;
  actions?: ReactNode;
}

/** The row that says what the page is about. */
export function PageHead({ title, crumbs = [], facts, actions }: Props) {
  const keeping = useKeeping();
  return (
    <div
      data-row
      className="flex min-h-11 shrink-0 items-center gap-3 px-4 max-sm:flex-wrap max-sm:gap-y-1 max-sm:py-1 max-xl:px-3"
    >
      {crumbs.length > 0 && (
        <nav aria-label="Breadcrumb" className="shrink-0 max-lg:hidden">
          <ol className="flex items-center gap-1 text-muted-foreground">
            {crumbs.map((crumb) => (
              <li key={crumb.to} className="flex items-center gap-1">
                <Link to={keeping(crumb.to)} className="hover:text-foreground hover:underline">
                  {crumb.label}
                </Link>
                <ChevronRight aria-hidden="true" className="size-3" />
              </li>
            ))}
          </ol>
        </nav>
      )}
      <h1 className="min-w-0 shrink truncate font-semibold text-page" title={title}>
        {title}
      </h1>
      {facts && (
        <div className="flex min-w-0 flex-1 items-center gap-3 overflow-hidden max-sm:flex-auto">{facts}</div>
      )}
      {actions && (
        <div data-no-print className="ml-auto flex shrink-0 items-center gap-2">
          {actions}
        </div>
      )}
    </div>
  );
}
