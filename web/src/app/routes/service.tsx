import { useParams } from "react-router";
import { EventsOf } from "@/features/events";
import { ServiceScreen } from "@/features/service";

export default function ServiceRoute() {
  const { service = "" } = useParams();
  return (
    <>
      <title>{`${service} · Aegis`}</title>
      <ServiceScreen
        key={service}
        service={service}
        events={<EventsOf filter={{ service }} all={`/events?service=${encodeURIComponent(service)}`} />}
      />
    </>
  );
}
