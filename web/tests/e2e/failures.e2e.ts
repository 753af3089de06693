import { connection, expect, expectLive, expectSamePage, markPage, test } from "./fixtures";
import { mockPlane, signInTo } from "./mock-plane";
import { define } from "./recording";
import { processOf } from "./stack";

const HOUR_MS = 3_600_000;

test("a control plane that is killed is said, nothing stays green, and the page comes back by itself", async ({
  page,
}) => {
  const plane = await mockPlane({ AEGIS_MOCK_HEALTHY: "1" });
  try {
    await signInTo(page, plane.url);
    await page.goto(`${plane.url}/?view=instances`);
    await expectLive(page);
    await markPage(page);
    const running = page.locator('[data-testid="instance-row"] [data-status="RUNNING"]');
    await expect(running.first()).toBeVisible();
    await plane.kill();
    await expect(connection(page)).toHaveAttribute("data-state", "reconnecting");
    await expect(page.getByTestId("banner")).toContainText("The live connection is down since");
    await expect(running).toHaveCount(0, { timeout: 15_000 });
    await expect(page.getByText("was Running").first()).toBeVisible();
    await plane.start();
    await expect(connection(page)).toHaveAttribute("data-state", "live", { timeout: 30_000 });
    await expect(running.first()).toBeVisible();
    await expectSamePage(page);
  } finally {
    await plane.kill();
  }
});

test("a control plane that hangs is told from one that is silent, and nothing is lost", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances");
  await expectLive(page);
  const states = page.locator('[data-testid="instance-row"] [data-status]');
  const aegis = processOf("AEGIS");
  process.kill(aegis, "SIGSTOP");
  try {
    await expect(connection(page)).not.toHaveAttribute("data-state", "live", { timeout: 10_000 });
    await expect
      .poll(() => states.evaluateAll((all) => all.map((each) => each.getAttribute("data-status"))), {
        timeout: 15_000,
      })
      .not.toContain("RUNNING");
  } finally {
    process.kill(aegis, "SIGCONT");
  }
  await expect(connection(page)).toHaveAttribute("data-state", "live", { timeout: 30_000 });
  await expect(page.locator('[data-testid="instance-row"] [data-status="RUNNING"]').first()).toBeVisible();
});

test("on a slow network the page says that it waits, and shows what came before", async ({
  signedIn: page,
}) => {
  let slow = true;
  await page.route("**/graphql", async (route) => {
    if (slow) await new Promise((resolve) => setTimeout(resolve, 4_000));
    await route.continue();
  });
  await page.goto("/services/trading-service");
  await expect(page.getByText("Still loading trading-service…")).toBeVisible();
  await expect(page.getByRole("tab", { name: /^Instances/ })).toBeVisible({ timeout: 15_000 });
  // What is live does not wait for what was asked.
  await expectLive(page);
  const figure = page.getByRole("figure", { name: "Latency" });
  await expect(figure.locator("canvas")).toBeVisible({ timeout: 15_000 });
  slow = false;
  await page.getByRole("tab", { name: "Compare" }).click();
  await expect(page.getByTestId("version-row").first()).toBeVisible({ timeout: 15_000 });
});

test("two tabs live apart: one that is paused stands, and misses nothing when it goes on", async ({
  signedIn: page,
}) => {
  await page.goto("/events");
  await expectLive(page);
  const other = await page.context().newPage();
  await other.goto("/events");
  await expectLive(other);
  await page.keyboard.press("p");
  await expect(page.getByTestId("banner")).toContainText("all of the page stands");
  const name = await define(page);
  const told = (tab: typeof page) => tab.getByTestId("event-row").filter({ hasText: name });
  await expect(told(other).first()).toBeVisible();
  await expect(page.getByTestId("banner")).toContainText(/[1-9]\d* changes? waits?/);
  await expect(told(page)).toHaveCount(0);
  await page.getByTestId("banner").getByRole("button", { name: "Resume" }).click();
  await expect(told(page).first()).toBeVisible();
  await other.close();
});

for (const [words, off] of [
  ["behind", -HOUR_MS],
  ["ahead", HOUR_MS],
] as const) {
  test(`ages are right in a browser whose clock is an hour ${words}`, async ({ signedIn: page }) => {
    await page.addInitScript((ms) => {
      const RealDate = Date;
      const shifted = class extends RealDate {
        constructor(...args: ConstructorParameters<DateConstructor> | []) {
          if (args.length === 0) super(RealDate.now() + ms);
          else super(...(args as ConstructorParameters<DateConstructor>));
        }
        static override now(): number {
          return RealDate.now() + ms;
        }
      };
      globalThis.Date = shifted as unknown as DateConstructor;
    }, off);
    await define(page);
    await page.goto("/");
    await expectLive(page);
    expect(await page.evaluate(() => Date.now())).not.toBeCloseTo(Date.now(), -6);
    await expect(page.getByTestId("service-row").first()).toContainText("Running");
    await page.goto("/leadership/trading-service/ACC-1");
    const held = page.getByText(/^term \d+ for /);
    const query = '{ leaders(filter: { service: "trading-service", text: "ACC-1" }) { nodes { since } } }';
    const response = await page.request.post("/graphql", { data: { query } });
    const { data } = (await response.json()) as { data: { leaders: { nodes: { since: string }[] } } };
    const seconds = (Date.now() - Date.parse(data.leaders.nodes[0]?.since ?? "")) / 1_000;
    const text = (await held.locator("time").textContent()) ?? "";
    const [, minutes = "0", rest = "0"] = /^(?:(\d+) m )?(\d+) s$/.exec(text) ?? [];
    expect(Math.abs(Number(minutes) * 60 + Number(rest) - seconds), text).toBeLessThan(15);
    // The end of the timeline is now, by the clock of the server.
    await expect(page.getByTestId("term-row").first()).toContainText("now");
  });
}

test("ten thousand groups are searched without a stall, and few of them are drawn", async ({ page }) => {
  test.setTimeout(90_000);
  const plane = await mockPlane({ AEGIS_MOCK_GROUPS: "10000", AEGIS_MOCK_CHATTER: "0" });
  try {
    await signInTo(page, plane.url);
    await page.goto(`${plane.url}/leadership`);
    await expectLive(page);
    await expect(page.getByTestId("list-count")).toContainText(/10.003 groups/);
    const rows = page.getByTestId("group-row");
    await expect(rows.first()).toBeVisible();
    expect(await rows.count()).toBeLessThan(100);
    await page.evaluate(() => {
      const seen: number[] = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.push(duration);
      }).observe({ type: "longtask" });
      Object.assign(window, { aegisStalls: seen });
    });
    await page.getByLabel("Filter groups").pressSequentially("G-9999", { delay: 20 });
    await expect(rows).toHaveCount(1);
    await expect(page.getByTestId("list-count")).toContainText(/^1 of 10.003 groups/);
    await page.getByLabel("Filter groups").fill("");
    await expect(page.getByTestId("list-count")).toContainText(/^10.003 groups/);
    await page.locator("#content").evaluate((each) => each.scrollTo({ top: each.scrollHeight / 2 }));
    await expect(rows.nth(20)).toBeInViewport();
    const stalls = await page.evaluate(() => (window as unknown as { aegisStalls: number[] }).aegisStalls);
    expect(Math.max(0, ...stalls), "longest stall in milliseconds").toBeLessThan(400);
  } finally {
    await plane.kill();
  }
});
