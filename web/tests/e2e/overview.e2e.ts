import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";

test("all services are on the page within five seconds, collapsed, and open to their instances", async ({
  signedIn: page,
}) => {
  await page.goto("/");
  const services = page.getByTestId("service-row");
  await expect(async () => {
    expect(await services.count()).toBeGreaterThanOrEqual(4);
  }).toPass({ timeout: 5_000, intervals: [100] });
  await expectLive(page);
  await expect(page.getByTestId("as-of")).toHaveText(/^[1-9]\d*$/);
  await expect(page.getByTestId("instance-row")).toHaveCount(0);
  await page.getByRole("button", { name: "Instances of trading-service" }).click();
  await expect(page.locator('[data-testid="instance-row"][data-service="trading-service"]')).toHaveCount(3);
});

test("heartbeats move the picture without a reload, and a pause holds all of it", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances");
  const row = page.locator('[data-testid="instance-row"][data-instance^="trading-service-"]').first();
  await expect(row).toBeVisible();
  const before = await row.getAttribute("data-beat");
  await expect(row).not.toHaveAttribute("data-beat", before ?? "");

  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByTestId("banner")).toContainText("all of the page stands");
  const held = await row.getAttribute("data-beat");
  // The server goes on telling: two seconds of beats are not to be seen.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 2_000)));
  expect(await row.getAttribute("data-beat")).toBe(held);
  await page.getByTestId("banner").getByRole("button", { name: "Resume" }).click();
  await expect(row).not.toHaveAttribute("data-beat", held ?? "");
});

test("the scope of a team stands in the address, and goes along from room to room", async ({
  signedIn: page,
}) => {
  const owner = `Team ${Date.now().toString(36)}`;
  const service = await define(page, { owner });
  await page.goto("/");
  await expectLive(page);
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Team", { exact: true }).selectOption(owner);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/[?&]team=Team/);
  const rows = page.getByTestId("service-row");
  await expect(rows).toHaveCount(1);
  await expect(rows).toHaveAttribute("data-service", service);
  const totals = page.getByRole("navigation", { name: "Totals" });
  await expect(totals.getByRole("link", { name: /^1 Services$/ })).toBeVisible();
  await expect(totals.getByRole("link", { name: /^0 Groups$/ })).toBeVisible();
  await page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: /^Leadership/ })
    .click();
  await expect(page).toHaveURL(/\/leadership\?.*team=Team/);
  await expect(page.getByLabel("Team", { exact: true })).toHaveValue(owner);
  await expect(page.getByText(/^0 of .* match\.$/)).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByTestId("group-row").first()).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(rows).toHaveCount(1);
  await page.getByRole("button", { name: `Take away team ${owner}` }).click();
  await expect(rows).not.toHaveCount(1);
});

test("filters and order are the server's, stand in the address, and back undoes them", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances");
  const rows = page.getByTestId("instance-row");
  await expect(rows.first()).toBeVisible();
  const trading = page.locator('[data-testid="instance-row"][data-service="trading-service"]');
  const others = page.locator('[data-testid="instance-row"]:not([data-service="trading-service"])');
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Service", { exact: true }).fill("trading-service");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/[?&]service=trading-service/);
  await expect(others).toHaveCount(0);
  await expect(trading).toHaveCount(3);
  await expect(page.getByTestId("list-count")).toContainText("filtered out");
  await page.getByRole("button", { name: "Name", exact: true }).click();
  await expect(page).toHaveURL(/[?&]sort=name/);
  const names = () => trading.evaluateAll((all) => all.map((each) => each.getAttribute("data-instance")));
  await expect.poll(names).toEqual([1, 2, 3].map((n) => `trading-service-${n}`));

  const link = page.url();
  await page.goBack();
  await expect(page).not.toHaveURL(/sort=name/);
  await page.goBack();
  await expect(page).not.toHaveURL(/service=/);
  await expect(others.first()).toBeVisible();

  await page.goto(link);
  await expect(trading).toHaveCount(3);
  await expect(page.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "ascending");
  await page.getByLabel("Filter instances").fill("no-such-instance");
  await expect(page.getByText(/^0 of \d+ match\.$/)).toBeVisible();
});

test("a row opens beside the list, its name leads to its page, and from there to its service", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances&q=trading-service-2");
  const row = page.locator('[data-testid="instance-row"][data-instance="trading-service-2"]');
  await row.locator("td").nth(3).click();
  await expect(page).toHaveURL(/[?&]peek=trading-service/);
  await expect(page.getByRole("complementary", { name: "Instance trading-service-2" })).toContainText(
    "Version",
  );
  await row.getByRole("link", { name: "trading-service-2", exact: true }).click();
  await expect(page).toHaveURL(/\/services\/trading-service\/instances\/trading-service-2/);
  await page
    .getByRole("navigation", { name: "Breadcrumb" })
    .getByRole("link", { name: "trading-service" })
    .click();
  await expect(page).toHaveURL(/\/services\/trading-service$/);
});

test("a view is saved under a name, and rows are as high as one likes", async ({ signedIn: page }) => {
  await page.goto("/?view=instances&service=trading-service&sort=-p99");
  await expect(page.getByTestId("instance-row")).toHaveCount(3);
  await page.getByRole("button", { name: /^Views: / }).click();
  await page.getByLabel("Name of this view").fill("Slow desk");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.goto("/");
  await page.getByRole("button", { name: "Views: All services" }).click();
  await page.getByRole("button", { name: "Slow desk", exact: true }).click();
  await expect(page).toHaveURL(/view=instances&service=trading-service&sort=-p99/);
  const row = page.getByTestId("instance-row").first();
  const height = async () => Math.round((await row.boundingBox())?.height ?? 0);
  await expect.poll(height).toBe(28);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("menuitemradio", { name: "Comfortable rows" }).click();
  await expect.poll(height).toBe(36);
  await page.reload();
  await expect.poll(height).toBe(36);
});

test("there is no sideways scroll from 512 to 1920 pixels", async ({ signedIn: page }) => {
  test.setTimeout(120_000);
  const service = "/services/trading-service";
  for (const path of [
    "/",
    "/?view=instances",
    "/leadership",
    "/leadership/trading-service/ACC-1",
    service,
    `${service}?tab=instances`,
    `${service}?tab=methods`,
    `${service}?tab=dependencies`,
    `${service}?tab=compare&compare=instances`,
    "/events",
  ]) {
    await page.goto(path);
    await expectLive(page);
    for (const width of [512, 720, 1024, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), {
          message: `${path} at ${width}`,
        })
        .toBeLessThanOrEqual(0);
      const main = page.locator("#content");
      await expect
        .poll(() => main.evaluate((each) => each.scrollWidth - each.clientWidth), {
          message: `content of ${path} at ${width}`,
        })
        .toBeLessThanOrEqual(0);
    }
  }
});

test("keys lead to rooms, the palette to anything by its name", async ({ signedIn: page }) => {
  await page.goto("/");
  await expectLive(page);
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await expect(page).toHaveURL(/\/events$/);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Screen, service or instance").fill("trading-service-3");
  await page.getByRole("option", { name: /^trading-service-3/ }).click();
  await expect(page).toHaveURL(/instances\/trading-service-3$/);
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await expect(sheet).toBeVisible();
  // Whoever dictates turns single keys off, and gets them back by the palette.
  await sheet.getByRole("button", { name: "Single keys" }).click();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("?");
  await page.keyboard.press("p");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByTestId("banner")).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Screen, service or instance").fill("single");
  await page.getByRole("option", { name: "Turn single keys on" }).click();
  await page.keyboard.press("p");
  await expect(page.getByTestId("banner")).toContainText("all of the page stands");
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Screen, service or instance").fill("ACC-1");
  await page.getByRole("option", { name: /^ACC-1 trading-service/ }).click();
  await expect(page).toHaveURL(/\/leadership\/trading-service\/ACC-1$/);
});
