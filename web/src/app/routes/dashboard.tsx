import { DashboardScreen } from "@/features/dashboard";
import { FeedPanel } from "@/features/events";

export function DashboardRoute() {
  return (
    <>
      <title>Dashboard · Aegis</title>
      <h1 className="sr-only">Dashboard</h1>
      <DashboardScreen feed={<FeedPanel />} onRetry={() => window.location.reload()} />
    </>
  );
}
