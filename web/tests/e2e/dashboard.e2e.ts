import { expect, expectLive, test } from "./fixtures";

test("the whole fleet is on the page within five seconds", async ({ signedIn: page }) => {
  await page.goto("/");
  const rows = page.getByTestId("instance-row");
  await expect(async () => {
    expect(await rows.count()).toBeGreaterThanOrEqual(6);
    const services = await rows.evaluateAll((each) => each.map((row) => row.getAttribute("data-service")));
    expect(new Set(services).size).toBeGreaterThanOrEqual(4);
  }).toPass({ timeout: 5_000, intervals: [100] });
  await expectLive(page);
  await expect(page.getByTestId("as-of")).toHaveText(/^[1-9]\d*$/);
});

test("heartbeats move the picture without a reload", async ({ signedIn: page }) => {
  await page.goto("/");
  const row = page.locator('[data-testid="instance-row"][data-instance^="trading-service-"]').first();
  const beat = row
    .locator("td[title]")
    .filter({ hasText: /^\d+s$/ })
    .first();
  const before = await beat.getAttribute("title");
  await expect(beat).not.toHaveAttribute("title", before ?? "");
});

test("filters stand in the address, and back undoes them", async ({ signedIn: page }) => {
  await page.goto("/");
  const rows = page.getByTestId("instance-row");
  await expect(rows.first()).toBeVisible();
  const trading = page.locator('[data-testid="instance-row"][data-service="trading-service"]');
  const others = page.locator('[data-testid="instance-row"]:not([data-service="trading-service"])');
  await page.getByLabel("Service", { exact: true }).selectOption("trading-service");
  await expect(page).toHaveURL(/[?&]service=trading-service/);
  await expect(others).toHaveCount(0);
  await expect(trading).toHaveCount(3);
  await page.getByRole("button", { name: "Instance", exact: true }).click();
  await expect(page).toHaveURL(/[?&]sort=instance/);

  const link = page.url();
  await page.goBack();
  await expect(page).not.toHaveURL(/sort=instance/);
  await page.goBack();
  await expect(page).not.toHaveURL(/service=/);
  await expect(others.first()).toBeVisible();

  await page.goto(link);
  await expect(trading).toHaveCount(3);
  await expect(page.getByRole("columnheader", { name: "Instance" })).toHaveAttribute(
    "aria-sort",
    "descending",
  );
  await page.getByLabel("Filter instances").fill("no-such-instance");
  await expect(page.getByText("No instance matches these filters.")).toBeVisible();
});

test("there is no sideways scroll from 1024 to 1920 pixels", async ({ signedIn: page }) => {
  await page.goto("/");
  await expect(page.getByTestId("instance-row").first()).toBeVisible();
  for (const width of [1024, 1280, 1440, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth))
      .toBeLessThanOrEqual(0);
    const table = page.getByRole("region", { name: "Instances" });
    await expect
      .poll(() => table.evaluate((each) => each.scrollWidth - each.clientWidth))
      .toBeLessThanOrEqual(0);
  }
});
