import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";
import { pidOf } from "./stack";

test("a service says how it is, what runs, who owns its groups, and draws its figures", async ({
  signedIn: page,
}) => {
  await page.goto("/services/trading-service");
  await expectLive(page);
  await expect(page.getByRole("heading", { level: 1, name: "trading-service" })).toBeVisible();
  await expect(page.getByText(/\d running/).first()).toBeVisible();
  await expect(page.getByTestId("uptime")).toContainText(/\d % up · \d+ shortfalls?$/);
  const latency = page.getByRole("figure", { name: "Latency" });
  await expect(latency).toBeVisible();
  await expect(latency.locator("canvas")).toBeVisible();
  await expect(page.getByText(/windows · \d+ of \d+ missing/)).toBeVisible();
  const groups = page.getByRole("region", { name: "Groups" });
  await expect(groups.getByRole("link", { name: /^ACC-/ }).first()).toBeVisible();

  await page.getByRole("tab", { name: /^Instances/ }).click();
  await expect(page).toHaveURL(/tab=instances/);
  await expect(page.getByTestId("instance-row")).toHaveCount(3);
  await page.getByRole("tab", { name: "Events" }).click();
  await expect(page.getByRole("link", { name: /^seq \d+$/ }).first()).toBeVisible();
});

test("a chart has a cursor for keys, and the same as a table", async ({ signedIn: page }) => {
  await page.goto("/services/calculation-service?from=now-5m");
  const calls = page.getByRole("figure", { name: "Calls" });
  await expect(calls.locator("canvas")).toBeVisible();
  await calls.getByRole("group").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await calls.getByRole("button", { name: "Calls as a table" }).click();
  await expect(calls.getByRole("columnheader", { name: "calls, /s" })).toBeVisible();
  expect(await calls.getByRole("row").count()).toBeGreaterThan(10);
});

test("dragging over a chart zooms all of them, and a double click goes back", async ({ signedIn: page }) => {
  await page.goto("/services/calculation-service");
  const plot = page.getByRole("figure", { name: "Latency" }).locator(".u-over");
  // The figures that come make the plot anew.
  await expect.poll(() => plot.boundingBox()).not.toBeNull();
  const box = await plot.boundingBox();
  if (!box) throw new Error("the plot has no place");
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=20\d\d-.*to=20\d\d-/);
  await expect(plot).toBeVisible();
  await plot.dblclick({ position: { x: 30, y: 30 } });
  await expect(page).not.toHaveURL(/from=/);
});

test("an instance shows its state, its beats, its configuration and its record", async ({
  signedIn: page,
}) => {
  await page.goto("/services/trading-service/instances/trading-service-3");
  await expectLive(page);
  await expect(page.getByText("Running").first()).toBeVisible();
  await expect(page.getByRole("list", { name: "State over time" })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Heartbeats of two minutes/ })).toBeVisible();
  await expect(page.getByRole("figure", { name: "Memory" }).locator("canvas")).toBeVisible();
  await page.getByRole("tab", { name: "Configuration" }).click();
  await expect(page.getByRole("columnheader", { name: "Setting" })).toBeVisible();
  await page.getByRole("tab", { name: "Record" }).click();
  await expect(page.getByText('"id": "trading-service/trading-service-3"')).toBeVisible();
});

test("draining states what follows and asks why; cancelling changes nothing", async ({ signedIn: page }) => {
  await page.goto("/services/trading-service/instances/trading-service-3");
  await page.getByRole("button", { name: "Drain…" }).click();
  const dialog = page.getByRole("dialog", { name: "Drain trading-service-3" });
  await expect(dialog).toContainText("It takes no new calls");
  await expect(dialog.getByRole("button", { name: "Drain trading-service-3" })).toBeDisabled();
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await expect(dialog.getByRole("button", { name: "Drain trading-service-3" })).toBeEnabled();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Drain…" })).toBeFocused();
});

test("the methods of a service tell calls, latency and errors of each, and sort by any of them", async ({
  signedIn: page,
}) => {
  await page.goto("/services/algo-service?tab=methods");
  const rows = page.getByTestId("method-row");
  await expect(rows.filter({ hasText: "trading-service.send_order" })).toContainText("calls");
  await expect(rows.filter({ hasText: "events.trading." })).toContainText("handles");
  await expect(page.getByRole("columnheader", { name: "Errors %" })).toHaveAttribute(
    "aria-sort",
    "descending",
  );
  await page.getByRole("button", { name: "Calls/s" }).click();
  await expect(page).toHaveURL(/methods=calls/);
  const calls = () => rows.evaluateAll((all) => all.map((each) => Number(each.children[2]?.textContent)));
  await expect.poll(async () => (await calls()).length).toBeGreaterThan(2);
  const now = await calls();
  expect(now).toEqual([...now].sort((a, b) => b - a));

  await page.goto("/services/trading-service/instances/trading-service-1");
  await expect(page.getByRole("figure", { name: "Consumer lag" }).locator("canvas")).toBeVisible();
  await expect(page.getByRole("figure", { name: "Messages" })).toContainText("failed");
  await expect(page.getByTestId("method-row").first()).toBeVisible();
});

test("dependencies stand in both directions, with what is wrong on the node itself", async ({
  signedIn: page,
}) => {
  await page.goto("/services/trading-service?tab=dependencies");
  const caller = page.locator('[data-testid="dependency-row"][data-service="algo-service"]');
  await expect(caller).toHaveAttribute("data-direction", "called by");
  await expect(caller).toContainText("Running");
  await expect(page.locator('[data-testid="dependency-node"][data-service="algo-service"]')).toHaveAttribute(
    "data-needs",
    "false",
  );
  process.kill(pidOf("algo-service-1"), "SIGSTOP");
  try {
    const node = page.locator('[data-testid="dependency-node"][data-service="algo-service"]');
    await expect(node).toHaveAttribute("data-needs", "true", { timeout: 20_000 });
    await expect(node.locator("title")).toContainText(/algo-service-1 unhealthy/);
    await expect(caller).toContainText(/algo-service-1 unhealthy/);
  } finally {
    process.kill(pidOf("algo-service-1"), "SIGCONT");
  }
  await caller.getByRole("link", { name: "algo-service" }).click();
  await expect(page).toHaveURL(/\/services\/algo-service/);
  await page.getByRole("tab", { name: "Dependencies" }).click();
  const called = page.locator('[data-testid="dependency-row"][data-direction="calls"]');
  await expect(called).toHaveCount(2);
});

test("two instances, windows or versions are compared, and the choice stands in the address", async ({
  signedIn: page,
}) => {
  await page.goto("/services/trading-service?tab=compare");
  await expect(page.locator('[data-testid="version-row"][data-version="1.0.0"]')).toContainText("100 %");
  const calls = page.getByTestId("difference").filter({ hasText: "Calls, mean" });
  await expect(calls).toBeVisible();
  await page.getByRole("button", { name: "Two versions" }).click();
  await expect(page.getByText("There is only one version")).toBeVisible();
  await page.getByRole("button", { name: "Two instances" }).click();
  await page.getByLabel("First").selectOption("trading-service-3");
  await page.getByLabel("Second").selectOption("trading-service-2");
  await expect(page).toHaveURL(/compare=instances&a=trading-service-3&b=trading-service-2/);
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "trading-service-3" })).toBeVisible();
  await expect(calls).toContainText(/\d/);
  const chart = page.getByRole("figure", { name: "Calls" });
  await expect(chart.locator("canvas")).toBeVisible();
  await expect(chart).toContainText("trading-service-2");
});

test("a figure takes colour against the limit of its definition, and never otherwise", async ({
  signedIn: page,
}) => {
  await page.goto("/?view=instances&service=calculation-service");
  const rows = page.getByTestId("instance-row");
  await expect(rows.first()).toContainText(/\d\.\d/);
  await expect(rows.locator("[data-over]")).toHaveCount(0);
  // An earlier run may have defined it.
  await define(page, { service: "calculation-service", errorLimitPercent: 100 });
  await define(page, { service: "trading-service", p99LimitMs: 1 });
  await page.goto("/?view=instances&service=trading-service");
  const over = rows.locator("[data-over]").first();
  await expect(over).toContainText("over the limit of 1.0 ms", { timeout: 20_000 });
  await expect(over).toContainText(/over the limit of 1.0 ms for (\d+ m )?\d+ s$/);
  await page.goto("/");
  const item = page.getByTestId("attention").filter({ hasText: "over the limit of 1.0 ms" });
  await expect(item).toHaveAttribute("data-severity", "warn");
  // Since when, as the history of the service has it.
  await expect(item.locator("time")).toBeVisible();
  await page.goto("/services/trading-service");
  await expect(page.getByText("p99 1.0 ms", { exact: true })).toBeVisible();
  await expect(page.getByTitle(/^p99 .* ms, over the limit of 1.0 ms$/)).toContainText(/· (\d+ m )?\d+ s$/);
  await page.goto("/services/trading-service?tab=methods");
  const method = page.getByTestId("method-row").filter({ hasText: "send_order" });
  await expect(method.locator("[data-over]")).toContainText("over the limit");
  await page.goto("/services/trading-service?tab=compare");
  await expect(page.getByTestId("version-row").locator("[data-over]")).toContainText(
    /over the limit of 1.0 ms for (\d+ m )?\d+ s$/,
  );
});
