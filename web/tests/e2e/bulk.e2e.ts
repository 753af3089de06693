import { readFileSync } from "node:fs";
import { expect, expectLive, test } from "./fixtures";

test("many groups step down at once: a preview of each, a result of each, and all of it as a table", async ({
  signedIn: page,
}) => {
  await page.goto("/leadership?service=trading-service");
  await expectLive(page);
  const rows = page.locator('[data-testid="group-row"]:not([data-owner=""])');
  await expect(rows).toHaveCount(3);
  const before = await rows.evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-term"))));
  const act = page.getByRole("button", { name: "Step down…", exact: true });
  await expect(act).toHaveAccessibleDescription("Choose groups first.");
  await page.getByRole("checkbox", { name: /^Choose ACC-1 / }).check();
  await page.getByRole("checkbox", { name: /^Choose ACC-2 / }).check();
  await expect(page.getByTestId("chosen")).toHaveText("2 chosen");
  await act.click();

  const dialog = page.getByRole("dialog", { name: "Step down 2 groups" });
  const items = dialog.getByTestId("bulk-item");
  await expect(items).toHaveCount(2);
  await expect(items.first()).toContainText(/from trading-service-\d to trading-service-\d/);
  await expect(dialog.getByTestId("bulk-status")).toHaveText("Preview, nothing is done yet: 2 of 2 can be.");
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await dialog.getByLabel("At most").selectOption("5");
  await dialog.getByRole("button", { name: "Step down 2 groups" }).click();
  await expect(dialog.getByTestId("bulk-status")).toHaveText("2 stepped down, 0 failed, 0 left.");
  await expect(items.first()).toContainText(/trading-service-\d owns it, term \d+/);

  const download = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export as CSV" }).click();
  const lines = readFileSync(await (await download).path(), "utf8")
    .trimEnd()
    .split("\r\n");
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^Step down,a test,trading-service,ACC-1,from .*,done,.* owns it/);

  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(page.getByTestId("chosen")).toHaveText("0 chosen");
  const terms = () => rows.evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-term"))));
  await expect
    .poll(async () => (await terms()).reduce((sum, term) => sum + term, 0))
    .toBe(before.reduce((sum, term) => sum + term, 0) + 2);
});

test("all that match are chosen, and how many they are is said before anything is done", async ({
  signedIn: page,
}) => {
  await page.goto("/leadership?service=trading-service");
  await expectLive(page);
  // Who would take each over stands in the list, the owner aside.
  const rows = page.locator('[data-testid="group-row"]:not([data-owner=""])');
  await expect(rows).toHaveCount(3);
  for (const row of await rows.all()) {
    const owner = (await row.getAttribute("data-owner")) ?? "";
    const standbys = row.getByTestId("standbys");
    await expect(standbys).toContainText(/trading-service-\d, trading-service-\d/);
    await expect(standbys).not.toContainText(owner);
  }
  await page.getByRole("button", { name: "Choose all 3 that match" }).click();
  await expect(page.getByTestId("chosen")).toHaveText("3 chosen");
  await page.getByRole("button", { name: "Step down…", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Step down 3 groups" });
  await expect(dialog.getByTestId("bulk-status")).toHaveText("Preview, nothing is done yet: 3 of 3 can be.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.goto("/services/trading-service?tab=groups");
  await expect(page.getByTestId("standbys").first()).toContainText(/trading-service-\d, trading-service-\d/);
  await page.goto("/leadership/trading-service/ACC-1");
  await expect(page.getByTestId("member")).toHaveCount(3);
  await expect(page.getByTestId("member").filter({ hasText: "owner" })).toHaveCount(1);
  await page.goto("/services/trading-service?tab=instances");
  await page.getByRole("button", { name: /^Choose all \d+$/ }).click();
  await expect(page.getByTestId("chosen")).toHaveText(/^[3-9] chosen$/);
});

test("many instances are drained at once, and what would be left is said before", async ({
  signedIn: page,
}) => {
  await page.goto("/services/calculation-service?tab=instances");
  await expectLive(page);
  await page.getByRole("checkbox", { name: "Choose calculation-service-2" }).check();
  await page.getByRole("button", { name: "Drain…", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Drain 1 instance" });
  await expect(dialog).toContainText("1 instance of 2 that run is left");
  await expect(dialog.getByTestId("bulk-item")).toContainText(/owns no group; \d+ calls? in flight/);
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await dialog.getByRole("button", { name: "Drain 1 instance" }).click();
  await expect(dialog.getByTestId("bulk-item")).toContainText("asked to drain");
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  // The stack starts it again once it has ended.
  await expect(
    page.locator(
      '[data-testid="instance-row"][data-instance="calculation-service-2"] [data-status="RUNNING"]',
    ),
  ).toBeVisible({ timeout: 30_000 });
});
