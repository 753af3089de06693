export { GroupScreen } from "./group-screen";
export { LeadershipScreen } from "./leadership-screen";
