import { expect, expectLive, test } from "./fixtures";

test("the whole page shows a moment of the log, read only, and every link keeps it", async ({
  signedIn: page,
}) => {
  await page.goto("/?at=s3");
  await expect(page.getByTestId("viewing")).toContainText(/Viewing .* seq 3 of/);
  const services = page.getByTestId("service-row");
  await expect(services.first()).toBeVisible();
  const early = await services.count();
  await page.getByRole("slider", { name: "Moment of the log" }).press("End");
  await expect(page).not.toHaveURL(/at=s3$/);
  await expect.poll(() => services.count()).toBeGreaterThan(early);

  await services.last().getByRole("link").first().click();
  await expect(page).toHaveURL(/\/services\/.*[?&]at=s\d+/);
  const at = new URL(page.url()).searchParams.get("at");
  await page.goto(`/services/trading-service/instances/trading-service-1?at=${at}`);
  const drain = page.getByRole("button", { name: "Drain…" });
  await expect(drain).toHaveAttribute("aria-disabled", "true");
  await expect(drain).toHaveAccessibleDescription("You are viewing the past.");

  await page.getByRole("button", { name: "Back to live" }).click();
  await expect(page.getByTestId("viewing")).toHaveCount(0);
  await expectLive(page);
});

test("two moments are compared as a difference of the registry", async ({ signedIn: page }) => {
  await page.goto("/?at=s3");
  await page.getByRole("button", { name: "Compare…" }).click();
  const dialog = page.getByRole("dialog", { name: "Compare two moments" });
  await expect(dialog.getByTestId("differences")).toHaveText(/^\d+ things differ\.$/);
  await expect(dialog.getByRole("row").filter({ hasText: "trading-service/ACC-1" })).toContainText("term");
  await dialog.getByLabel("Other moment: sequence or time").fill("3");
  await dialog.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(dialog.getByTestId("differences")).toHaveText("Nothing differs.");
});
