import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { define } from "./recording";

test("who did what, and why, is listed as it is recorded, filtered and exported", async ({
  signedIn: page,
}) => {
  await page.goto("/audit");
  const service = await define(page, { reason: "for the audit" });
  const row = page.getByTestId("audit-row").filter({ hasText: service });
  await expect(row).toContainText("Define");
  await expect(row).toContainText("for the audit");
  await expect(row).toContainText(/done, seq \d+/);
  await page.getByLabel("Filter the audit").fill(service);
  await expect(page.getByTestId("audit-row")).toHaveCount(1);
  await page.getByLabel("Action").selectOption("Retire");
  await expect(page.getByText("Nothing matches.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Filter the audit").fill(service);
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const file = readFileSync(await (await waiting).path(), "utf8");
  expect(file.trim().split("\n")).toHaveLength(1);
});
