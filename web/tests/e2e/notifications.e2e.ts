import type { Page } from "@playwright/test";
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

test("what is acknowledged and silenced holds after a reload, and in a second tab", async ({
  signedIn: page,
}) => {
  await page.goto("/");
  await expectLive(page);
  const service = await define(page, { minInstances: 1 });
  const other = await page.context().newPage();
  await other.goto("/audit");
  await expectLive(other);
  const open = async (tab: Page) => {
    await tab.getByRole("button", { name: /need somebody$|^Nothing needs anybody$/ }).click();
    return tab.getByTestId("notification").filter({ hasText: service });
  };
  const [here, there] = [await open(page), await open(other)];
  await here.getByRole("button", { name: "Acknowledge" }).click();
  await expect(there).toContainText(/Acknowledged by \w+/);
  await there.getByRole("button", { name: "Silence…" }).click();
  await there.getByLabel("Why").fill("known");
  await there.getByRole("button", { name: "Silence", exact: true }).click();
  await expect(here).toContainText(/Silenced by \w+ until .*: known/);
  await page.reload();
  await expectLive(page);
  await expect(await open(page)).toContainText(/Silenced by \w+ until .*: known/);
  await other.close();
  await amend(page, { service, expectedRevision: 1, minInstances: null, reason: "the test is over" });
});

test("the desktop is told only when somebody wants it, and only while the page is out of sight", async ({
  signedIn: page,
}) => {
  await page.context().grantPermissions(["notifications"]);
  await page.addInitScript(() => {
    const told: string[] = [];
    Object.assign(window, { told, hidden: false });
    class Told {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title: string) {
        told.push(title);
      }
      close() {}
    }
    Object.assign(window, { Notification: Told });
    Object.defineProperty(document, "hidden", { get: () => (window as { hidden?: boolean }).hidden });
  });
  await page.goto("/");
  await expectLive(page);
  const told = () => page.evaluate(() => (window as unknown as { told: string[] }).told);
  const first = await define(page, { minInstances: 1 });
  await page.getByRole("button", { name: /need somebody$|^Nothing needs anybody$/ }).click();
  await expect(page.getByTestId("notification").filter({ hasText: first })).toBeVisible();
  await page.getByRole("button", { name: "Tell the desktop" }).click();
  await expect(page.getByRole("button", { name: "Stop telling it" })).toBeVisible();
  expect(await told()).toEqual([]);
  await page.evaluate(() => Object.assign(window, { hidden: true }));
  const second = await define(page, { service: `${first}-b`, minInstances: 1 });
  await expect.poll(told).toEqual([`Aegis: ${second}`]);
  for (const service of [first, second])
    await amend(page, { service, expectedRevision: 1, minInstances: null, reason: "the test is over" });
});

test("the wallboard has no chrome, says the verdict, and is left with Escape", async ({ signedIn: page }) => {
  await page.goto("/wall");
  await expect(page.getByTestId("verdict")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});
