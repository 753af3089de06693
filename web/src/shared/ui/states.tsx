import { CircleAlert, Inbox, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import type { AppError } from "@/shared/graphql/errors";

function Frame({ children, role }: { children: ReactNode; role?: "status" | "alert" }) {
  return (
    <div role={role} className="flex flex-1 flex-col items-center justify-center gap-2 p-8 text-center">
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <Frame role="status">
      <LoaderCircle aria-hidden="true" className="size-4 text-muted-foreground motion-safe:animate-spin" />
      <p className="text-muted-foreground">Loading {what}…</p>
    </Frame>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Frame>
      <Inbox aria-hidden="true" className="size-4 text-muted-foreground" />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-muted-foreground">{children}</div>}
    </Frame>
  );
}

/** An error beside what it is about: the same words as `ErrorView`, in little room. */
export function Problem({ error }: { error: AppError }) {
  return (
    <p role="alert" className="rounded-sm bg-bad-soft px-2 py-1 text-bad text-xs">
      {error.message}{" "}
      <span className="font-mono">
        {error.code}
        {error.requestId && ` · ${error.requestId}`}
      </span>
    </p>
  );
}

export function ErrorView({ error, onRetry }: { error: AppError; onRetry?: () => void }) {
  return (
    <Frame role="alert">
      <CircleAlert aria-hidden="true" className="size-4 text-bad" />
      <p className="font-medium">{error.message}</p>
      <dl className="flex gap-3 text-muted-foreground text-xs">
        <div className="flex gap-1">
          <dt>Code</dt>
          <dd className="font-mono">{error.code}</dd>
        </div>
        {error.requestId && (
          <div className="flex gap-1">
            <dt>Request</dt>
            <dd className="select-all font-mono">{error.requestId}</dd>
          </div>
        )}
      </dl>
      {onRetry && (
        <Button size="sm" variant="outline" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Frame>
  );
}
