import { expect, expectLive, test } from "./fixtures";
import { pidOf } from "./stack";

test("in a maintenance nobody takes over what an owner loses; it counts down, and can be ended", async ({
  signedIn: page,
}) => {
  await page.goto("/leadership/trading-service/ACC-2");
  await expectLive(page);
  await expect(page.getByTestId("owner")).toBeVisible();
  const owner = (await page.getByTestId("owner").getAttribute("data-owner")) ?? "";
  await page.getByRole("button", { name: "Maintenance…" }).click();
  const dialog = page.getByRole("dialog", { name: "Begin maintenance of ACC-2" });
  await expect(dialog).toContainText("nobody takes over what an owner of ACC-2 loses");
  await expect(dialog.getByLabel("Scope")).toHaveValue("one");
  await dialog.getByLabel("Reason, for the record").fill("a test");
  const begin = dialog.getByRole("button", { name: "Begin maintenance of ACC-2" });
  // Without an end there is none.
  await expect(begin).toBeDisabled();
  await dialog.getByLabel("Ends by itself", { exact: true }).selectOption({ label: "in 5 minutes" });
  await begin.click();
  const strip = page.getByTestId("maintenance");
  await expect(strip).toContainText(/ends in 4 m \d\d s/);
  await expect(strip).toContainText("a test");
  const told = await strip.locator("strong").textContent();
  await expect(strip.locator("strong")).not.toHaveText(told ?? "");

  await page.goto("/leadership");
  const row = page.locator('[data-testid="group-row"][data-group="trading-service/ACC-2"]');
  await expect(row).toContainText("maintenance");
  await row.getByRole("link", { name: "ACC-2" }).click();

  const terms = page.getByTestId("term-row");
  await expect(terms.first()).toBeVisible();
  const before = await terms.count();
  // Hung, not dead: who is started again may take its own group back.
  process.kill(pidOf(owner), "SIGSTOP");
  try {
    await expect(page.getByTestId("owner")).toHaveCount(0, { timeout: 15_000 });
    await strip.getByRole("button", { name: "End maintenance…" }).click();
    const end = page.getByRole("dialog", { name: "End maintenance of ACC-2" });
    await end.getByLabel("Reason, for the record").fill("a test");
    await end.getByRole("button", { name: "End maintenance of ACC-2" }).click();
    await expect(strip).toHaveCount(0);
    await expect(terms).toHaveCount(before + 1, { timeout: 20_000 });
  } finally {
    process.kill(pidOf(owner), "SIGCONT");
  }
  await expect(page.getByTestId("owner")).not.toHaveAttribute("data-owner", owner);
});

test("a switchover is planned, stands beyond the live edge, and is cancelled", async ({ signedIn: page }) => {
  await page.goto("/leadership/trading-service/ACC-3");
  await expectLive(page);
  await page.getByRole("button", { name: "Schedule…" }).click();
  const dialog = page.getByRole("dialog", { name: "Schedule switchover of ACC-3" });
  const targets = dialog.getByLabel("New owner").locator("option");
  await expect.poll(() => targets.count()).toBeGreaterThan(1);
  const target = (await targets.nth(1).getAttribute("value")) ?? "";
  await dialog.getByLabel("New owner").selectOption(target);
  await dialog.getByLabel("When", { exact: true }).selectOption({ label: "in 15 minutes" });
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await dialog.getByRole("button", { name: "Schedule switchover of ACC-3" }).click();
  const line = page.getByTestId("switchover");
  await expect(line).toContainText(`goes to ${target}`);
  await expect(line).toContainText(/in 14 m/);
  await expect(page.getByTestId("timeline-planned")).toContainText("in 14 m");
  const planned = (await line.getByRole("link", { name: /^seq / }).textContent())?.replace("seq ", "");
  await page.goto("/leadership");
  await expect(line).toContainText("ACC-3");
  await line.getByRole("button", { name: "Cancel switchover…" }).click();
  const cancel = page.getByRole("dialog", { name: "Cancel switchover of ACC-3" });
  await cancel.getByLabel("Reason, for the record").fill("a test");
  await cancel.getByRole("button", { name: "Cancel switchover of ACC-3" }).click();
  await expect(line).toHaveCount(0);

  // It stands in the past: it was planned then, and nothing can be done with it.
  await page.goto(`/leadership/trading-service/ACC-3?at=s${planned}`);
  await expect(line).toContainText(`goes to ${target}`);
  const late = line.getByRole("button", { name: "Cancel switchover…" });
  await expect(late).toHaveAttribute("aria-disabled", "true");
  await page.goto("/leadership/trading-service/ACC-3");
  await expectLive(page);
  await expect(line).toHaveCount(0);
});
