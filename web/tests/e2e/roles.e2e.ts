import type { Page } from "@playwright/test";
import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";
import { asViewer } from "./viewer";

/** Whatever changes something, by the words on its button. */
const CHANGES =
  /^(Drain|Forget|Step down|Retire|Amend|Clone|Reinstate|Import|New definition|Make current|Redrive|Discard|Log level|Rebuild|Verify|Begin maintenance|End maintenance|Maintenance|Plan|Cancel switchover|Switchover)\b/;

interface Screen {
  path: string;
  /** Says that the screen is there. */
  ready: (page: Page) => Promise<void>;
  /** Actions that have to be there, disabled. */
  actions: string[];
}

const denied = (role: string) => (page: Page) =>
  expect(page.getByText(`Needs ${role}, you are Viewer.`).first()).toBeVisible();

const screensFor = (service: string): Screen[] => [
  { path: "/", ready: (page) => expect(page.getByTestId("service-row").first()).toBeVisible(), actions: [] },
  {
    path: "/services/trading-service",
    ready: (page) => expect(page.getByRole("figure", { name: "Latency" })).toBeVisible(),
    actions: [],
  },
  {
    path: "/services/trading-service/instances/trading-service-1",
    ready: (page) => expect(page.getByRole("tab", { name: "Metrics" })).toBeVisible(),
    actions: ["Drain…"],
  },
  {
    path: "/services/trading-service/instances/trading-service-1?tab=configuration",
    ready: (page) => expect(page.getByRole("columnheader", { name: "Setting" })).toBeVisible(),
    actions: ["Drain…"],
  },
  {
    path: "/leadership",
    ready: (page) => expect(page.getByTestId("group-row").first()).toBeVisible(),
    actions: [],
  },
  {
    path: "/leadership/trading-service/ACC-1",
    ready: (page) => expect(page.getByTestId("term-row").first()).toBeVisible(),
    actions: ["Step down…"],
  },
  {
    path: "/events?event=5&top=5",
    ready: (page) => expect(page.getByRole("complementary")).toContainText("Payload"),
    actions: [],
  },
  {
    path: "/definitions",
    ready: (page) => expect(page.getByTestId("definition-row").first()).toBeVisible(),
    actions: ["Import", "New definition"],
  },
  {
    path: `/definitions/${service}`,
    ready: (page) => expect(page.getByTestId("revision").first()).toBeVisible(),
    actions: ["Clone", "Amend", "Retire"],
  },
  { path: `/definitions/${service}/edit`, ready: denied("Admin"), actions: [] },
  { path: "/definitions/_new", ready: denied("Admin"), actions: [] },
  { path: "/dead-letters", ready: denied("Auditor"), actions: [] },
  { path: "/audit", ready: denied("Auditor"), actions: [] },
  {
    path: "/system",
    ready: (page) => expect(page.getByRole("region", { name: "This replica" })).toContainText("answers"),
    actions: ["Rebuild", "Verify now"],
  },
  { path: "/system?tab=streams", ready: denied("Auditor"), actions: [] },
  { path: "/?at=s5", ready: denied("Auditor"), actions: [] },
];

test("a viewer sees each action disabled with the role that it needs, and asks nothing that is refused", async ({
  signedIn: page,
}) => {
  test.setTimeout(120_000);
  const service = await define(page);
  const refused = await asViewer(page);
  await page.goto("/");
  await expectLive(page);
  await expect(page.getByText("Read only", { exact: true })).toBeVisible();
  const main = page.getByRole("main");
  for (const { path, ready, actions } of screensFor(service)) {
    await test.step(path, async () => {
      await page.goto(path);
      await ready(page);
      for (const name of actions)
        await expect(main.getByRole("button", { name, exact: true }).first()).toBeVisible();
      for (const button of await main.getByRole("button", { name: CHANGES }).all()) {
        await expect(button).toHaveAttribute("aria-disabled", "true");
        await expect(button).toHaveAttribute("title", /^Needs (Auditor|Operator|Admin), you are Viewer\.$/);
      }
    });
  }
  expect(refused).toEqual([]);
});

test("what a viewer may not do does nothing when it is clicked, and says so to who cannot see it", async ({
  signedIn: page,
}) => {
  await asViewer(page);
  await page.goto("/services/trading-service/instances/trading-service-1");
  const drain = page.getByRole("button", { name: "Drain…" });
  await expect(drain).toHaveAccessibleDescription("Needs Operator, you are Viewer.");
  await drain.click({ force: true });
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.goto("/?view=instances");
  await page
    .getByRole("button", { name: /^Actions of/ })
    .first()
    .click();
  await expect(page.getByRole("menuitem", { name: /^Drain/ })).toContainText(
    "Needs Operator, you are Viewer.",
  );
});
