import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";

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

/** Each screen, and what has to be there before it is looked at. */
const screens: { path: string; ready: (page: Page) => Promise<void> }[] = [
  { path: "/", ready: (page) => expect(page.getByTestId("service-row").first()).toBeVisible() },
  {
    path: "/?view=instances&peek=trading-service%2Ftrading-service-2",
    ready: (page) => expect(page.getByRole("complementary", { name: /^Instance/ })).toContainText("Version"),
  },
  {
    path: "/services/trading-service",
    ready: (page) => expect(page.getByRole("figure", { name: "Latency" }).locator("canvas")).toBeVisible(),
  },
  {
    path: "/services/trading-service?tab=instances",
    ready: (page) => expect(page.getByTestId("instance-row").first()).toBeVisible(),
  },
  {
    path: "/services/trading-service/instances/trading-service-2",
    ready: (page) => expect(page.getByRole("figure", { name: "Memory" }).locator("canvas")).toBeVisible(),
  },
  {
    path: "/services/trading-service/instances/trading-service-2?tab=configuration",
    ready: (page) => expect(page.getByRole("columnheader", { name: "Setting" })).toBeVisible(),
  },
  { path: "/leadership", ready: (page) => expect(page.getByTestId("group-row").first()).toBeVisible() },
  {
    path: "/leadership/trading-service/ACC-1",
    ready: (page) => expect(page.getByTestId("term-row").first()).toBeVisible(),
  },
  { path: "/events", ready: (page) => expect(page.getByTestId("event-row").first()).toBeVisible() },
  {
    path: "/events/5",
    ready: (page) => expect(page.getByRole("heading", { name: "Payload" })).toBeVisible(),
  },
  { path: "/?at=s10", ready: (page) => expect(page.getByTestId("service-row").first()).toBeVisible() },
  {
    path: "/events?event=5&top=5&not.kind=LEADERSHIP",
    ready: (page) =>
      expect(page.getByRole("complementary", { name: "Event detail" })).toContainText("Payload"),
  },
  { path: "/definitions", ready: (page) => expect(page.getByTestId("definition-row").first()).toBeVisible() },
  {
    path: "/definitions/axe-desk",
    ready: (page) => expect(page.getByTestId("revision").first()).toBeVisible(),
  },
  { path: "/definitions/axe-desk/edit", ready: (page) => expect(page.getByLabel("Team")).toBeVisible() },
  { path: "/definitions/new", ready: (page) => expect(page.getByLabel("Team")).toBeVisible() },
  {
    path: "/dead-letters",
    ready: (page) => expect(page.getByText(/letters? there are|No message waits/)).toBeVisible(),
  },
  { path: "/audit", ready: (page) => expect(page.getByLabel("Filter the audit")).toBeVisible() },
  { path: "/system", ready: (page) => expect(page.getByText("This replica")).toBeVisible() },
  { path: "/system?tab=findings", ready: (page) => expect(page.getByRole("tabpanel")).not.toBeEmpty() },
  { path: "/signin?error=code_used", ready: (page) => expect(page.getByRole("alert")).toBeVisible() },
];

for (const theme of ["light", "dark", "contrast"]) {
  test(`no serious accessibility violation in ${theme}`, async ({ signedIn: page }) => {
    test.setTimeout(120_000);
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    await define(page, { service: "axe-desk" });
    for (const { path, ready } of screens) {
      await page.goto(path);
      await ready(page);
      expect(await serious(page), path).toEqual([]);
    }
  });
}

test("a dialog and the palette have no serious accessibility violation", async ({ signedIn: page }) => {
  await page.goto("/services/trading-service/instances/trading-service-2");
  await page.getByRole("button", { name: "Drain…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await serious(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Screen, service or instance")).toBeFocused();
  expect(await serious(page)).toEqual([]);
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
