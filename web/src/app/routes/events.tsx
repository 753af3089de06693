import { EventsScreen } from "@/features/events";

export default function EventsRoute() {
  return (
    <>
      <title>Events · Aegis</title>
      <EventsScreen />
    </>
  );
}
