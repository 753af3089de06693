import { forget } from "./axe";

/** Before all tests. */
export default forget;
