import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";
import { screens } from "./screens";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Evaluated through the debugger, which the page's own CSP does not bind. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run: (options: unknown) => Promise<AxeResults> } }).axe.run({
      resultTypes: ["violations"],
    }),
  );
  // Of WCAG 2.1 A and AA whatever its impact, and what else is serious.
  return results.violations
    .filter(
      ({ impact, tags }) =>
        impact === "serious" || impact === "critical" || tags.some((tag) => tag.startsWith("wcag2")),
    )
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

for (const theme of ["light", "dark", "contrast"]) {
  test(`no accessibility violation in ${theme}`, async ({ signedIn: page }) => {
    test.setTimeout(120_000);
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    await define(page, { service: "axe-desk" });
    for (const { path, ready } of screens) {
      await page.goto(path);
      await ready(page);
      expect(await violations(page), path).toEqual([]);
    }
  });
}

test("a dialog and the palette have no accessibility violation", async ({ signedIn: page }) => {
  await page.goto("/services/trading-service/instances/trading-service-2");
  await page.getByRole("button", { name: "Drain…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.goto("/leadership/trading-service/ACC-1");
  await page.getByRole("button", { name: "Maintenance…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.goto("/leadership");
  await page.getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Step down…", exact: true }).click();
  await expect(page.getByTestId("bulk-item")).toContainText("to trading-service");
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Screen, service or instance")).toBeFocused();
  expect(await violations(page)).toEqual([]);
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
