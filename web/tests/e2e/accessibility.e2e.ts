import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { expect, expectLive, test } from "./fixtures";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Evaluated through the debugger, which the page's own CSP does not bind. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run: (options: unknown) => Promise<AxeResults> } }).axe.run({
      resultTypes: ["violations"],
    }),
  );
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

for (const theme of ["light", "dark", "contrast"]) {
  test(`no serious accessibility violation in ${theme}`, async ({ signedIn: page }) => {
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    await page.goto("/");
    await expectLive(page);
    await expect(page.getByTestId("instance-row").first()).toBeVisible();
    await expect(page.getByTestId("feed-event").first()).toBeVisible();
    expect(await serious(page)).toEqual([]);

    await page.goto("/events");
    await page.getByTestId("event-row").first().click();
    await expect(page.getByRole("complementary", { name: "Event detail" })).toBeVisible();
    expect(await serious(page)).toEqual([]);

    await page.goto("/signin?error=code_used");
    await expect(page.getByRole("alert")).toBeVisible();
    expect(await serious(page)).toEqual([]);
  });
}

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
  await page.goto("/events");
  await expectLive(page);
  expect(complaints).toEqual([]);
});
