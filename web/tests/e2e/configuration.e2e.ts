import { expect, test } from "./fixtures";

const PATH = "/services/trading-service/instances/trading-service-1?tab=configuration";

test("each setting says whether peers run with the same, and since when", async ({ signedIn: page }) => {
  await page.goto(PATH);
  const inForce = page.getByRole("table", { name: "Settings in force" });
  await expect(inForce.locator('[data-setting="failover"]')).toContainText("same");
  await expect(inForce.locator('[data-setting="instance"]')).toContainText("own to each");
  await expect(inForce.locator('[data-setting="failover"]')).toContainText(/seq \d+/);
  await expect(inForce.locator('[data-setting="failover"]')).toContainText("default");
  await expect(inForce.locator('[data-setting="labels.desk"]')).toContainText("program");
  await page.getByRole("button", { name: /^Only what differs from peers/ }).click();
  await expect(inForce.locator('[data-setting="failover"]')).toHaveCount(0);
});

test("what an instance logs is asked of it, and what it refuses stays in the dialog", async ({
  signedIn: page,
}) => {
  await page.goto(PATH);
  await page.getByRole("button", { name: "Log level…" }).click();
  const dialog = page.getByRole("dialog", { name: "Log level of trading-service-1" });
  const filter = dialog.getByLabel("Filter", { exact: true });
  await expect(filter).toHaveValue("info");
  await dialog.getByRole("button", { name: "debug" }).click();
  await expect(filter).toHaveValue("debug");
  await filter.fill("info,aegis_sdk=debug");
  await dialog.getByRole("button", { name: "Set log level" }).click();
  // The example makes its log by itself.
  await expect(dialog).toContainText("its program keeps a log of its own");
  await expect(dialog).toContainText("INVALID_INPUT");
  await expect(filter).toHaveValue("info,aegis_sdk=debug");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
});

test("two instances, and any two reports, stand side by side; the address holds it", async ({
  signedIn: page,
}) => {
  await page.goto(PATH);
  await page.getByRole("button", { name: "Compare side by side…" }).click();
  await page.getByLabel("Right", { exact: true }).selectOption("trading-service-2");
  await expect(page).toHaveURL(/left=now&right=%40trading-service-2/);
  const rows = page.getByTestId("side-by-side");
  const names = rows.filter({ hasText: "trading-service-2" });
  await expect(names.first()).toContainText("trading-service-1");
  const few = await rows.count();
  await page.getByRole("button", { name: "All settings" }).click();
  expect(await rows.count()).toBeGreaterThan(few);
  await page.getByRole("button", { name: "Close the comparison" }).click();
  await page
    .getByTestId("report")
    .first()
    .getByRole("button", { name: /^Compare seq/ })
    .click();
  await expect(page.getByText(/^Both say the same, in \d+ settings\.$/)).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("button", { name: "Compare side by side…" })).toBeVisible();
});
