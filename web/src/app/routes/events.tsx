import { useMemo } from "react";
import { EventsScreen } from "@/features/events";
import { useEvents } from "@/shared/events/store";

/** The services to choose from are those in the tail of the log. */
export default function EventsRoute() {
  const events = useEvents((s) => s.events);
  const services = useMemo(
    () => [...new Set((events ?? []).flatMap(({ service }) => (service === null ? [] : [service])))].sort(),
    [events],
  );
  return (
    <>
      <title>Events · Aegis</title>
      <EventsScreen services={services} />
    </>
  );
}
