export { EventPage } from "./event-page";
export { EventsOf } from "./events-of";
export { EventsScreen } from "./events-screen";
