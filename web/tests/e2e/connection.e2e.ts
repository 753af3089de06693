import type { Page, WebSocketRoute } from "@playwright/test";
import { connection, expect, expectLive, expectSamePage, markPage, test, unfold } from "./fixtures";
import { pidOf, stack } from "./stack";

/** The newest sequences of the log, asked over HTTP, which goes on while the websocket is cut. */
async function logged(page: Page, last: number): Promise<number[]> {
  const query = "query ($last: Int!) { events(last: $last) { nodes { sequence } } }";
  const response = await page.request.post("/graphql", { data: { query, variables: { last } } });
  const body = (await response.json()) as { data: { events: { nodes: { sequence: number }[] } } };
  return body.data.events.nodes.map((node) => node.sequence);
}

async function shown(page: Page): Promise<number[]> {
  await unfold(page);
  const lines = page.getByTestId("event-row");
  return lines.evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-sequence"))));
}

/** What the log has between the oldest and the newest event on the page, and the page has not. */
async function gaps(page: Page): Promise<number[]> {
  const seen = await shown(page);
  const inLog = await logged(page, 100);
  return inLog.filter(
    (each) => each >= Math.min(...seen) && each <= Math.max(...seen) && !seen.includes(each),
  );
}

test("a cut websocket is said, mended, and loses no event", async ({ signedIn: page }) => {
  let refuse = false;
  const open = new Set<WebSocketRoute>();
  await page.routeWebSocket(/\/graphql\/ws$/, (route) => {
    if (refuse) {
      void route.close({ code: 1011, reason: "cut by the test" });
      return;
    }
    route.connectToServer();
    open.add(route);
  });
  // All of it in sight: who scrolls to open a run stops the list.
  await page.setViewportSize({ width: 1440, height: 4_000 });
  await page.goto("/events");
  await expectLive(page);
  await expect(page.getByTestId("event-row").first()).toBeVisible();
  await markPage(page);

  refuse = true;
  const cutAt = Date.now();
  for (const route of open) await route.close({ code: 1011, reason: "cut by the test" });
  await expect(connection(page)).toHaveAttribute("data-state", "reconnecting");
  await expect(connection(page)).toContainText(/try [2-9]/);
  await expect(page.getByTestId("banner")).toContainText("The live connection is down since");

  // Something must happen meanwhile, or nothing could be lost.
  const before = Math.max(...(await shown(page)));
  process.kill(pidOf("trading-service-3"), "SIGKILL");
  await expect
    .poll(async () => (await logged(page, 1))[0] ?? 0, { timeout: 15_000 })
    .toBeGreaterThan(before + 1);
  const missed = Math.max(...(await logged(page, 1)));
  // A cut of less than two seconds is not told afterwards.
  await expect.poll(() => Date.now() - cutAt).toBeGreaterThan(2_500);

  refuse = false;
  await expectLive(page);
  await expect(page.getByTestId("back")).toContainText(/Back after .*, [1-9]\d* events? caught up\./);
  await expect(page.getByTestId("banner")).toHaveCount(0);
  await expect.poll(async () => Math.max(...(await shown(page)))).toBeGreaterThanOrEqual(missed);
  await expectSamePage(page);
  await expect.poll(() => gaps(page)).toEqual([]);
});

test("an offline machine is said at once, and comes back by itself", async ({ signedIn: page }) => {
  await page.goto("/");
  await expectLive(page);
  await markPage(page);
  await page.context().setOffline(true);
  await expect(connection(page)).toHaveAttribute("data-state", "reconnecting");
  await page.context().setOffline(false);
  await expectLive(page);
  await expectSamePage(page);
});

test("a form keeps what was written when the session ends under it", async ({ signedIn: page }) => {
  await page.goto("/definitions/_new");
  await expectLive(page);
  await page.getByLabel("Service", { exact: true }).fill("half-written");
  await page.getByLabel("Team").fill("Equities");
  await page.getByLabel("Reason, for the record").fill("not yet");
  await page.context().clearCookies();
  await page.getByLabel("Description").fill("Sends orders");
  await page.getByRole("button", { name: "Define" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in again" });
  await dialog.getByLabel("Access token").fill(stack.token);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel("Team")).toHaveValue("Equities");
  await expect(page.getByLabel("Description")).toHaveValue("Sends orders");
  await expect(page.getByLabel("Reason, for the record")).toHaveValue("not yet");
});

test("a session that ends is signed in again over the page, which keeps its place", async ({
  signedIn: page,
}) => {
  let attempts = 0;
  let refuse = true;
  await page.routeWebSocket(/\/graphql\/ws$/, (route) => {
    attempts += 1;
    if (refuse) void route.close({ code: 4401, reason: "Unauthorized" });
    else route.connectToServer();
  });
  await page.goto("/events?kind=LEADERSHIP");
  const dialog = page.getByRole("dialog", { name: "Sign in again" });
  await expect(dialog).toContainText("Access denied");
  expect(attempts).toBe(1);
  await markPage(page);
  refuse = false;
  await dialog.getByLabel("Access token").fill(stack.token);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(dialog).toHaveCount(0);
  await expectLive(page);
  await expect(page).toHaveURL(/\/events\?kind=LEADERSHIP$/);
  await expectSamePage(page);
});
