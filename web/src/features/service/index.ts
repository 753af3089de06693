export { ServiceScreen } from "./service-screen";
