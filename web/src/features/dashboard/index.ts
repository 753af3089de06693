export { DashboardScreen } from "./dashboard-screen";
export { refreshLeaders, resetLeaders, startLeaders } from "./leaders";
export { resetInstances, startInstances, useInstances } from "./store";
