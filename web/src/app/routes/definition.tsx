import { useParams } from "react-router";
import { DefinitionPage } from "@/features/definitions";

export default function DefinitionRoute() {
  const service = useParams()["service"] ?? "";
  return (
    <>
      <title>{`Definition of ${service} · Aegis`}</title>
      <DefinitionPage service={service} />
    </>
  );
}
