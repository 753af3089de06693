import { useParams } from "react-router";
import { LetterPage } from "@/features/dead-letters";
import { sequence } from "@/shared/url/codec";
import { NotFoundRoute } from "./not-found";

export default function DeadLetterRoute() {
  const wanted = sequence.parse(useParams()["sequence"] ?? "");
  if (wanted === null) return <NotFoundRoute />;
  return (
    <>
      <title>{`Letter ${wanted} · Aegis`}</title>
      <LetterPage sequence={wanted} />
    </>
  );
}
