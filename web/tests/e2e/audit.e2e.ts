import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { define } from "./recording";

test("who did what, and why, is listed as it is recorded, filtered and exported", async ({
  signedIn: page,
}) => {
  await page.goto("/audit");
  const service = await define(page, { reason: "for the audit" });
  const row = page.getByTestId("audit-row").filter({ hasText: service });
  await expect(row).toContainText("Define");
  await expect(row).toContainText("for the audit");
  await expect(row).toContainText(/done, seq \d+/);
  await page.getByLabel("Filter the audit").fill(service);
  await expect(page.getByTestId("audit-row")).toHaveCount(1);
  await page.getByLabel("Action").selectOption("Retire");
  await expect(page.getByText("Nothing matches.")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/audit$/);
  await page.getByLabel("Filter the audit").fill(service);
  await expect(page.getByTestId("audit-row")).toHaveCount(1);
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: /NDJSON/ }).click();
  const file = readFileSync(await (await waiting).path(), "utf8");
  expect(file.trim().split("\n")).toHaveLength(1);
  expect(file).toContain(service);
  const table = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: /CSV/ }).click();
  const lines = readFileSync(await (await table).path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines[0]).toMatch(/^sequence,time,recorded,type,/);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("for the audit");
});

test("a maintenance of a group is told with who began it, and leads to the group", async ({
  signedIn: page,
}) => {
  const plan = async (name: string, input: object): Promise<void> => {
    const query = `mutation ($input: ${name}Input!) { told: ${name[0]?.toLowerCase()}${name.slice(1)}(input: $input) { __typename } }`;
    const response = await page.request.post("/graphql", { data: { query, variables: { input } } });
    expect(JSON.stringify(await response.json())).toContain("PlanRecorded");
  };
  const scope = { service: "trading-service", group: "ACC-3", reason: "for the audit" };
  await plan("BeginMaintenance", { ...scope, until: new Date(Date.now() + 600_000).toISOString() });
  await page.goto("/audit?action=aegis.installation.maintenance_begun.v1");
  const row = page.getByTestId("audit-row").first();
  await expect(row).toContainText("Begin maintenance");
  await expect(row).toContainText("for the audit");
  await expect(row.getByRole("link", { name: "ACC-3" })).toHaveAttribute(
    "href",
    /\/leadership\/trading-service\/ACC-3$/,
  );
  await plan("EndMaintenance", scope);
});
