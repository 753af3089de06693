import { useParams } from "react-router";
import { EventPage } from "@/features/events";
import { sequence } from "@/shared/url/codec";
import { NotFoundRoute } from "./not-found";

export default function EventRoute() {
  const wanted = sequence.parse(useParams()["sequence"] ?? "");
  if (wanted === null) return <NotFoundRoute />;
  return (
    <>
      <title>{`Event ${wanted} · Aegis`}</title>
      <EventPage sequence={wanted} />
    </>
  );
}
