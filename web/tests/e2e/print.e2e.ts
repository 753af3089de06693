import { expect, test } from "./fixtures";
import { define } from "./recording";
import { screens } from "./screens";

/** The width of an A4 sheet between usual margins, in CSS pixels. */
const SHEET = { width: 718, height: 1_000 };

test("every screen fits on paper, without what is only for the screen, and says where it is from", async ({
  signedIn: page,
}) => {
  test.setTimeout(180_000);
  await define(page, { service: "axe-desk" });
  await page.setViewportSize(SHEET);
  for (const { path, ready } of screens.filter((each) => !each.path.startsWith("/signin"))) {
    await test.step(path, async () => {
      await page.emulateMedia({ media: "screen" });
      await page.goto(path);
      await ready(page);
      await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
      await page.emulateMedia({ media: "print" });
      await expect(page.getByTestId("print-head")).toContainText("Aegis, namespace aegis");
      await expect(page.getByRole("navigation", { name: "Main" })).toBeHidden();
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      // The browser makes a page smaller that is a little too wide.
      expect(over, `${path} is wider than the sheet`).toBeLessThanOrEqual(SHEET.width * 0.05);
      await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    });
  }
});

test("the list of events is whole on paper", async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 1024, height: 300 });
  // Near the beginning, so that the oldest is among what is listed.
  await page.goto("/events?top=15");
  const rows = page.getByTestId("event-row");
  await expect(rows.first()).toBeVisible();
  const seen = await rows.count();
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  await expect(page.locator('[data-testid="event-row"][data-sequence="1"]')).toBeAttached();
  expect(await rows.count()).toBeGreaterThanOrEqual(seen);
});
