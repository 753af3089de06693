import { OverviewScreen } from "@/features/overview";

export default function OverviewRoute() {
  return (
    <>
      <title>Overview · Aegis</title>
      <h1 className="sr-only">Overview</h1>
      <OverviewScreen />
    </>
  );
}
