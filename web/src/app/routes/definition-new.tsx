import { useSearchParams } from "react-router";
import { DefinitionForm } from "@/features/definitions";

export default function DefinitionNewRoute() {
  const like = useSearchParams()[0].get("like");
  return (
    <>
      <title>New definition · Aegis</title>
      <DefinitionForm purpose={like === null ? { kind: "new" } : { kind: "clone", of: like }} />
    </>
  );
}
