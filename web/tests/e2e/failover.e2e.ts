import type { Page } from "@playwright/test";
import { expect, expectLive, expectSamePage, markPage, test } from "./fixtures";
import { pidOf } from "./stack";

interface Elected {
  sequence: number;
  term: number;
  vacancyMs: number | null;
}

/** The newest election of a group, as the log has it. */
async function lastElection(page: Page, group: string): Promise<Elected> {
  const query =
    "query ($aggregate: String!) { events(last: 20, filter: { aggregate: $aggregate }) { nodes { sequence type data } } }";
  const variables = { aggregate: `leadership.${group.replace("/", ".")}` };
  const response = await page.request.post("/graphql", { data: { query, variables } });
  const { data } = (await response.json()) as {
    data: {
      events: { nodes: { sequence: number; type: string; data: { term: number; vacancy_ms?: number } }[] };
    };
  };
  const last = data.events.nodes.filter(({ type }) => type.includes("leader_elected")).at(-1);
  if (!last) throw new Error(`nothing is recorded of ${group}`);
  return { sequence: last.sequence, term: last.data.term, vacancyMs: last.data.vacancy_ms ?? null };
}

test("killing an owner shows the next one with the next term, its gap as the log has it, and that it healed", async ({
  signedIn: page,
}) => {
  await page.goto("/leadership");
  await expectLive(page);
  await markPage(page);
  const owned = page
    .locator('[data-testid="group-row"][data-group^="trading-service/"]:not([data-owner=""])')
    .first();
  await expect(owned).toBeVisible();
  const group = (await owned.getAttribute("data-group")) ?? "";
  const owner = (await owned.getAttribute("data-owner")) ?? "";
  const term = Number(await owned.getAttribute("data-term"));
  const line = page.locator(`[data-testid="group-row"][data-group="${group}"]`);

  process.kill(pidOf(owner), "SIGKILL");

  await expect(line).toHaveAttribute("data-term", String(term + 1), { timeout: 10_000 });
  await expect(line).not.toHaveAttribute("data-owner", owner);
  await expect(line).not.toHaveAttribute("data-owner", "");
  await expectSamePage(page);
  await expect(page.getByTestId("announcer")).not.toBeEmpty();

  await line.getByRole("link", { name: group.split("/")[1] ?? "", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(group.split("/")[1] ?? "");
  const elected = await lastElection(page, group);
  expect(elected.term).toBe(term + 1);
  // The last: an earlier loss may have taken as many milliseconds.
  const gap = page.locator(`[data-testid="timeline-gap"][data-ms="${elected.vacancyMs}"]`).last();
  await expect(gap).toHaveAttribute("data-cause", "OWNER_LOST");
  await expect(page.locator(`[data-testid="term-row"][data-term="${term + 1}"]`)).toHaveAttribute(
    "data-gap",
    String(elected.vacancyMs),
  );
  await expect(page.getByTestId("day-facts")).toContainText(/Lease at worst\s*\d+ % of 1\.00 s/, {
    timeout: 20_000,
  });
  await page.getByRole("group", { name: /^Owners of/ }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByText(new RegExp(`^Term ${term + 1}: .* from `))).toBeVisible();

  await page.goto("/");
  await expect(page.locator('[data-testid="attention"][data-severity="healed"]').first()).toContainText(
    `left ${owner}`,
  );
});

test("a step-down states what follows, and hands the group to whom one names", async ({ signedIn: page }) => {
  await page.goto("/leadership");
  const owned = page
    .locator('[data-testid="group-row"][data-group^="trading-service/"]:not([data-owner=""])')
    .first();
  await expect(owned).toBeVisible();
  const group = (await owned.getAttribute("data-group")) ?? "";
  const owner = (await owned.getAttribute("data-owner")) ?? "";
  await owned.getByRole("button", { name: /^Step down/ }).click();
  const dialog = page.getByRole("dialog", { name: `Step down ${owner}` });
  await expect(dialog).toContainText("hands");
  const targets = dialog.getByLabel("New owner").locator("option");
  await expect.poll(() => targets.count()).toBeGreaterThan(1);
  const target = (await targets.nth(1).getAttribute("value")) ?? "";
  await dialog.getByLabel("New owner").selectOption(target);
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await dialog.getByRole("button", { name: `Step down ${owner}` }).click();
  await expect(dialog).toHaveCount(0);
  const recorded = page.getByTestId("recorded");
  await expect(recorded).toHaveAttribute("data-shown", "true");
  await expect(recorded.getByRole("link", { name: /^seq \d+$/ })).toBeVisible();
  const line = page.locator(`[data-testid="group-row"][data-group="${group}"]`);
  await expect(line).toHaveAttribute("data-owner", target);
});

test("who has lost a lease is not green until it is marked", async ({ signedIn: page }) => {
  await page.goto("/leadership");
  const owned = page
    .locator('[data-testid="group-row"][data-group^="trading-service/"]:not([data-owner=""])')
    .first();
  const owner = (await owned.getAttribute("data-owner")) ?? "";
  await page.goto("/?view=instances&service=trading-service");
  await expectLive(page);
  const state = page.locator(`[data-testid="instance-row"][data-instance="${owner}"] [data-status]`);
  await expect(state).toHaveText("Running");
  process.kill(pidOf(owner), "SIGKILL");
  await expect(state).toHaveText(/^Running.· lease lost \d s ago$/);
  await expect(state).toHaveAttribute("data-status", "UNHEALTHY");
  await expect(state).toHaveText("Running", { timeout: 30_000 });
});
