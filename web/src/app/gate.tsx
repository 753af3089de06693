import { useCallback, useEffect, useState } from "react";
import { Navigate, useLocation } from "react-router";
import { loadViewer } from "@/features/session";
import type { AppError } from "@/shared/graphql/errors";
import { useSession } from "@/shared/session/store";
import { ErrorView, Loading } from "@/shared/ui/states";
import { SessionOver } from "./session-over";
import { Shell } from "./shell";

const RETRY_MS = 3_000;

/** Lets in whom the server knows; sends others to sign in, and back to where they wanted to go. */
export function Gate() {
  const status = useSession((s) => s.status);
  const ended = useSession((s) => s.ended);
  const location = useLocation();
  const [error, setError] = useState<AppError | null>(null);
  const ask = useCallback(() => void loadViewer().then(setError), []);

  useEffect(() => {
    if (status === "unknown") ask();
  }, [status, ask]);
  useEffect(() => {
    if (!error?.retryable) return;
    const timer = setInterval(ask, RETRY_MS);
    return () => clearInterval(timer);
  }, [error, ask]);

  // Whoever has worked here keeps the page, its filters and its forms, and signs in over it.
  if (status === "in" || (status === "denied" && ended)) {
    return (
      <>
        <Shell />
        {status === "denied" && <SessionOver />}
      </>
    );
  }
  if (status === "denied") {
    return <Navigate to="/signin" replace state={{ from: location.pathname + location.search }} />;
  }
  return (
    <main className="flex min-h-screen">
      {error ? <ErrorView error={error} onRetry={ask} /> : <Loading what="Aegis" />}
    </main>
  );
}
