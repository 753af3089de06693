import { AuditScreen } from "@/features/audit";

export default function AuditRoute() {
  return (
    <>
      <title>Audit · Aegis</title>
      <AuditScreen />
    </>
  );
}
