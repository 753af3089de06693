import { useMemo } from "react";
import { useInstances } from "@/features/dashboard";
import { EventsScreen, useEvents } from "@/features/events";

/** The services to choose from are those in the registry and those in the tail. */
export function EventsRoute() {
  const instances = useInstances((s) => s.instances);
  const events = useEvents((s) => s.events);
  const services = useMemo(() => {
    const all = [...(instances ?? []), ...(events ?? [])].map((each) => each.service);
    return [...new Set(all.filter((service) => service !== null))].sort();
  }, [instances, events]);
  return (
    <>
      <title>Events · Aegis</title>
      <EventsScreen services={services} />
    </>
  );
}
