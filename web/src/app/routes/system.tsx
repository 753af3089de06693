import { SystemScreen } from "@/features/system";

export default function SystemRoute() {
  return (
    <>
      <title>System · Aegis</title>
      <SystemScreen />
    </>
  );
}
