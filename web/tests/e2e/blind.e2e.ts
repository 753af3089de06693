import { connection, expect, expectLive, test } from "./fixtures";
import { processOf } from "./stack";

test("while NATS hangs nothing is called running, and afterwards the page comes back by itself", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances");
  await expectLive(page);
  const states = page.locator('[data-testid="instance-row"] [data-status]');
  await expect(page.locator('[data-testid="instance-row"] [data-status="RUNNING"]').first()).toBeVisible();
  const nats = processOf("NATS");
  process.kill(nats, "SIGSTOP");
  try {
    await expect(connection(page)).not.toHaveAttribute("data-state", "live", { timeout: 6_000 });
    await expect(connection(page)).toHaveAttribute("data-state", "blind", { timeout: 10_000 });
    await expect
      .poll(() => states.evaluateAll((all) => all.map((each) => each.getAttribute("data-status"))))
      .not.toContain("RUNNING");
    await expect(page.getByText("was Running").first()).toBeVisible();
    await expect(page.getByTestId("banner")).toContainText("cannot see since");
  } finally {
    process.kill(nats, "SIGCONT");
  }
  await expectLive(page);
  await expect(page.locator('[data-testid="instance-row"] [data-status="RUNNING"]').first()).toBeVisible();
});
