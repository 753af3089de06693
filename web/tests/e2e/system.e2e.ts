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
  const log = page.getByTestId("stream-row").filter({ hasText: "AEGIS_EVENTS" });
  await expect(log).toContainText("1 of 1");
  await log.getByRole("button", { name: "AEGIS_EVENTS" }).click();
  await expect(page.getByRole("region", { name: "Consumers of AEGIS_EVENTS" })).toBeVisible();
  await page.getByRole("tab", { name: /^Findings/ }).click();
  await expect(
    page.getByTestId("finding").first().or(page.getByText("Nothing is known to be wrong.")),
  ).toBeVisible();
});

test("replicas, the lease store with the server of each instance, and the room for streams are told", async ({
  signedIn: page,
}) => {
  await page.goto("/system");
  const mine = page.getByTestId("replica-row").filter({ hasText: "answers here" });
  await expect(mine).toContainText("can be read");
  await expect(mine).toContainText(/\d events?/);
  await page.getByRole("tab", { name: "Lease store" }).click();
  await expect(page.getByTestId("lease-store")).toContainText(/\d ms, read just now/);
  await expect(page.getByTestId("lease-store")).toContainText("1 of 1 current");
  const holder = page.getByTestId("lease-row").filter({ hasText: "trading-service-1" });
  await expect(holder).toContainText(/\d+ % of 1\.00 s/);
  await page.getByRole("tab", { name: "Streams" }).click();
  await expect(page.getByTestId("storage")).toContainText("Limit of the account");
  await expect(page.getByRole("columnheader", { name: "Full in" })).toBeVisible();
});

test("the log is verified on request", async ({ signedIn: page }) => {
  await page.goto("/system");
  await page.getByRole("button", { name: "Verify now" }).click();
  await expect(page.getByTestId("verification")).toContainText(
    /Verified to seq \d+: .* all as they were written/,
    {
      timeout: 30_000,
    },
  );
});

test("the projection is rebuilt beside the live one", async ({ signedIn: page }) => {
  await page.goto("/system");
  await page.getByRole("button", { name: "Rebuild" }).click();
  await expect(page.getByText(/The projection is rebuilt, up to seq \d+/)).toBeVisible({ timeout: 30_000 });
});
