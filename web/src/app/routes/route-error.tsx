import { useRouteError } from "react-router";
import { ErrorView } from "@/shared/ui/states";

/** A screen that could not be fetched, or that failed: the rest of the page goes on. */
export function RouteError() {
  const error = useRouteError();
  const message = error instanceof Error ? error.message : "This screen failed";
  return (
    <ErrorView
      error={{ code: "SCREEN_FAILED", message, requestId: null, retryable: true }}
      onRetry={() => window.location.reload()}
    />
  );
}
