import { useParams } from "react-router";
import { DefinitionForm } from "@/features/definitions";

export default function DefinitionEditRoute() {
  const service = useParams()["service"] ?? "";
  return (
    <>
      <title>{`Amend ${service} · Aegis`}</title>
      <DefinitionForm purpose={{ kind: "edit", service }} />
    </>
  );
}
