import type { Page, WebSocketRoute } from "@playwright/test";
import { connection, expect, expectLive, expectSamePage, markPage, test } from "./fixtures";

/** All sequences on the page from the oldest to the newest, as the log has them when nothing is lost. */
async function gaps(page: Page): Promise<number[]> {
  const lines = page.getByTestId("feed-event");
  const seen = await lines.evaluateAll((all) =>
    all.map((each) => Number(each.getAttribute("data-sequence"))),
  );
  const present = new Set(seen);
  const newest = Math.max(...seen);
  const oldest = Math.min(...seen);
  const inLog = await page.evaluate(async (last) => {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: "query ($last: Int!) { events(last: $last) { nodes { sequence } } }",
        variables: { last },
      }),
    });
    const body = (await response.json()) as { data: { events: { nodes: { sequence: number }[] } } };
    return body.data.events.nodes.map((node) => node.sequence);
  }, 100);
  return inLog.filter((sequence) => sequence >= oldest && sequence <= newest && !present.has(sequence));
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
  await page.goto("/");
  await expectLive(page);
  await expect(page.getByTestId("feed-event").first()).toBeVisible();
  await markPage(page);

  refuse = true;
  for (const route of open) await route.close({ code: 1011, reason: "cut by the test" });
  await expect(connection(page)).toHaveAttribute("data-state", "reconnecting");
  await expect(connection(page)).toContainText(/attempt [2-9]/);
  await expect(page.getByTestId("banner")).toContainText("Stale since");

  refuse = false;
  await expectLive(page);
  await expect(page.getByTestId("banner")).toHaveCount(0);
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

test("a websocket closed with 4401 means denied: sign in, no retry", async ({ signedIn: page }) => {
  let attempts = 0;
  await page.routeWebSocket(/\/graphql\/ws$/, (route) => {
    attempts += 1;
    void route.close({ code: 4401, reason: "Unauthorized" });
  });
  await page.goto("/events");
  await expect(page).toHaveURL(/\/signin$/);
  await expect(page.getByText("Access denied")).toBeVisible();
  expect(attempts).toBe(1);
});
