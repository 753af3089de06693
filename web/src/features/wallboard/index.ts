export { Wallboard } from "./wallboard";
