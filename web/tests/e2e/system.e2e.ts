import { expect, test } from "./fixtures";

test("the system tells how it is, and what it does not tell", async ({ signedIn: page }) => {
  await page.goto("/system");
  const replica = page.getByRole("region", { name: "This replica" });
  await expect(replica).toContainText("answers");
  await expect(replica).toContainText("can be read");
  await page.getByRole("tab", { name: "Consumers" }).click();
  await expect(page).toHaveURL(/tab=consumers/);
  await expect(page.getByRole("columnheader", { name: "Waiting messages" })).toBeVisible();
  await page.getByRole("tab", { name: "Streams" }).click();
  await expect(page.getByText("This server does not tell of its streams.")).toBeVisible();
  await page.getByRole("tab", { name: /^Findings/ }).click();
  await expect(
    page.getByTestId("finding").first().or(page.getByText("Nothing is known to be wrong.")),
  ).toBeVisible();
});

test("the projection is rebuilt beside the live one", async ({ signedIn: page }) => {
  await page.goto("/system");
  await page.getByRole("button", { name: "Rebuild" }).click();
  await expect(page.getByText(/The projection is rebuilt, up to seq \d+/)).toBeVisible({ timeout: 30_000 });
});
