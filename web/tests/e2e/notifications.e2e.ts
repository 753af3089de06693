import { expect, expectLive, test } from "./fixtures";
import { amend, define } from "./recording";

test("the bell tells what needs somebody; it is acknowledged and silenced, with who and why", async ({
  signedIn: page,
}) => {
  await page.goto("/");
  await expectLive(page);
  const service = await define(page, { minInstances: 1 });
  const bell = page.getByRole("button", { name: /need somebody$/ });
  await bell.click();
  const line = page.getByTestId("notification").filter({ hasText: service });
  await expect(line).toBeVisible();
  await line.getByRole("button", { name: "Acknowledge" }).click();
  await expect(line).toContainText(/Acknowledged by \w+/);
  await line.getByRole("button", { name: "Put back" }).click();
  await line.getByRole("button", { name: "Silence…" }).click();
  await line.getByLabel("Why").fill("known");
  await line.getByRole("button", { name: "Silence", exact: true }).click();
  await expect(line).toContainText(/Silenced by \w+ until .*: known/);
  await line.getByRole("button", { name: "End silence" }).click();
  await expect(line).not.toContainText("Silenced");
  await amend(page, { service, expectedRevision: 1, minInstances: null, reason: "the test is over" });
});

test("the wallboard has no chrome, says the verdict, and is left with Escape", async ({ signedIn: page }) => {
  await page.goto("/wall");
  await expect(page.getByTestId("verdict")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});
