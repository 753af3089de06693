import { type Look, summarize, violations } from "./axe";
import { connection, expect, expectLive, test } from "./fixtures";
import { mockPlane, signInTo } from "./mock-plane";
import { define } from "./recording";
import { screens } from "./screens";
import { states } from "./states";

const themes = ["light", "dark", "contrast"];

test.afterAll(() => summarize());

for (const theme of themes) {
  test(`no accessibility violation in ${theme}`, async ({ signedIn: page }) => {
    test.setTimeout(120_000);
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    await define(page, { service: "axe-desk" });
    for (const { path, ready } of screens) {
      await page.goto(path);
      await ready(page);
      expect(await violations(page, { path, state: "as it is", theme }), path).toEqual([]);
    }
  });

  test(`no accessibility violation in ${theme} where a screen is empty, waits, fails or is denied`, async ({
    signedIn: page,
  }) => {
    test.setTimeout(90_000);
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    for (const { path, state, before, ready } of states) {
      await before?.(page);
      await page.goto(path);
      await ready(page);
      expect(await violations(page, { path, state, theme }), `${path} ${state}`).toEqual([]);
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
  });

  test(`no accessibility violation in ${theme} while the control plane is away`, async ({ page }) => {
    test.setTimeout(60_000);
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    const plane = await mockPlane({ AEGIS_MOCK_HEALTHY: "1" });
    try {
      await signInTo(page, plane.url);
      await page.goto(plane.url);
      await expectLive(page);
      await expect(page.getByTestId("service-row").first()).toBeVisible();
      await plane.kill();
      await expect(connection(page)).toHaveAttribute("data-state", "reconnecting");
      const look: Look = { path: "/", state: "reconnecting", theme };
      expect(await violations(page, look), "reconnecting").toEqual([]);
    } finally {
      await plane.kill();
    }
  });
}

test("a dialog, the bell and the palette have no accessibility violation", async ({ signedIn: page }) => {
  const look = (path: string, state: string): Look => ({ path, state, theme: "light" });
  const instance = "/services/trading-service/instances/trading-service-2";
  await page.goto(instance);
  await page.getByRole("button", { name: "Drain…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await violations(page, look(instance, "drain"))).toEqual([]);
  await page.keyboard.press("Escape");
  const group = "/leadership/trading-service/ACC-1";
  await page.goto(group);
  await page.getByRole("button", { name: "Maintenance…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await violations(page, look(group, "maintenance"))).toEqual([]);
  await page.keyboard.press("Escape");
  await page.goto("/leadership");
  await page.getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Step down…", exact: true }).click();
  await expect(page.getByTestId("bulk-item")).toContainText("to trading-service");
  expect(await violations(page, look("/leadership", "step down of many"))).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /need somebody$|^Nothing needs anybody$/ }).click();
  await expect(page.getByTestId("webhook")).toHaveText("No webhook is configured.");
  expect(await violations(page, look("/leadership", "bell"))).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Screen, service or instance")).toBeFocused();
  expect(await violations(page, look("/leadership", "palette"))).toEqual([]);
});

test("the page breaks no content security policy", async ({ signedIn: page }) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto("/");
  await expectLive(page);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  for (const path of ["/events", "/services/trading-service", "/leadership/trading-service/ACC-1"]) {
    await page.goto(path);
    await expectLive(page);
  }
  await page.getByRole("button", { name: "Step down…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(complaints).toEqual([]);
});
