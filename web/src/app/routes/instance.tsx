import { useParams } from "react-router";
import { EventsOf } from "@/features/events";
import { InstanceScreen } from "@/features/instance";

export default function InstanceRoute() {
  const { service = "", instance = "" } = useParams();
  const aggregate = `instance.${service}.${instance}`;
  return (
    <>
      <title>{`${instance} · Aegis`}</title>
      <InstanceScreen
        key={`${service}/${instance}`}
        service={service}
        instance={instance}
        events={<EventsOf filter={{ aggregate }} all={`/events?q=${encodeURIComponent(aggregate)}`} />}
      />
    </>
  );
}
