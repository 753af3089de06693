import type { Page } from "@playwright/test";
import { expect, expectLive } from "./fixtures";
import { asViewer } from "./viewer";

/** A screen that is not as it mostly is: how it gets there, and what says that it has. */
export interface State {
  path: string;
  state: string;
  before?: (page: Page) => Promise<unknown>;
  ready: (page: Page) => Promise<void>;
}

const NOTHING = "nothing-is-called-so";

/** Lets one question of the page wait for ever, or fail. */
const stopped = (operation: string, how: "wait" | "fail") => (page: Page) =>
  page.route("**/graphql", async (route) => {
    const body = route.request().postDataJSON() as { operationName?: string };
    if (body.operationName !== operation) return route.continue();
    if (how === "fail") return route.fulfill({ status: 503, json: {} });
  });

export const states: readonly State[] = [
  {
    path: `/?q=${NOTHING}`,
    state: "empty",
    ready: (page) => expect(page.getByText("No service matches.")).toBeVisible(),
  },
  {
    path: `/?view=instances&q=${NOTHING}`,
    state: "empty",
    ready: (page) => expect(page.getByText(/^0 of .* match\.$/)).toBeVisible(),
  },
  {
    path: `/leadership?q=${NOTHING}`,
    state: "empty",
    ready: (page) => expect(page.getByText(/^0 of .* match\.$/)).toBeVisible(),
  },
  {
    path: `/services/${NOTHING}`,
    state: "unknown",
    ready: (page) => expect(page.getByText(`No service ${NOTHING} is known.`)).toBeVisible(),
  },
  {
    path: `/${NOTHING}`,
    state: "unknown",
    ready: (page) => expect(page.getByText("There is no such page.")).toBeVisible(),
  },
  {
    path: "/",
    state: "paused",
    ready: async (page) => {
      await expectLive(page);
      await page.keyboard.press("p");
      await expect(page.getByTestId("banner")).toContainText("all of the page stands");
    },
  },
  {
    path: "/definitions",
    state: "loading",
    before: stopped("DefinitionList", "wait"),
    ready: (page) => expect(page.getByText(/^Still loading/)).toBeVisible(),
  },
  {
    path: "/definitions",
    state: "broken",
    before: stopped("DefinitionList", "fail"),
    ready: (page) => expect(page.getByRole("main").getByRole("alert").first()).toBeVisible(),
  },
  ...["/audit", "/dead-letters", "/definitions/_new", "/?at=s5"].map((path) => ({
    path,
    state: "denied",
    before: asViewer,
    ready: (page: Page) => expect(page.getByText(/Needs \w+, you are Viewer\./).first()).toBeVisible(),
  })),
];
