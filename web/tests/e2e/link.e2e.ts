import { expect, expectLive, test } from "./fixtures";
import { stack } from "./stack";

test("the one-time link signs in once", async ({ page, browser }) => {
  await page.goto(stack.loginUrl);
  await expectLive(page);
  expect(new URL(page.url()).pathname).toBe("/");
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(stack.loginUrl);
  await expect(stranger.getByRole("alert")).toContainText("has been used already");
  await stranger.context().close();
});
