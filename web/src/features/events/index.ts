export type { Event } from "./documents";
export { EventsScreen } from "./events-screen";
export { FeedPanel } from "./feed-panel";
export { onNewEvents, resetEvents, startEvents, useEvents } from "./store";
