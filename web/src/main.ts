import { screenAt } from "@/app/screens";
import { askEarly } from "@/shared/graphql/early";
import { base } from "@/shared/url/base";
import "./styles/index.css";

// Small, and here before the rest of the page: what that would ask for first is on its way meanwhile.
const path = `${window.location.pathname}/`.replace(base, "");
if (path !== "signin/") {
  askEarly();
  screenAt(path)?.().catch(() => {});
}
void import("@/app/start");
