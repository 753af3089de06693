import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";

const paths = [
  "/events?event=3&top=3&not.kind=LEADERSHIP",
  "/definitions",
  "/definitions/width-desk",
  "/definitions/width-desk/edit",
  "/dead-letters",
  "/audit",
  "/system",
  "/system?tab=findings",
  "/wall",
];

test("no screen scrolls sideways, from 512 pixels on", async ({ signedIn: page }) => {
  test.setTimeout(120_000);
  await define(page, { service: "width-desk" });
  for (const path of paths) {
    await page.goto(path);
    if (path !== "/wall") await expectLive(page);
    for (const width of [512, 720, 1024, 1440, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      const content = page.locator("#content");
      await expect
        .poll(() => content.evaluate((each) => each.scrollWidth - each.clientWidth), {
          message: `${path} at ${width}`,
        })
        .toBeLessThanOrEqual(0);
    }
  }
});
