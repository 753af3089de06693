import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, expectLive, test, unfold } from "./fixtures";
import { define } from "./recording";

const rows = (page: Page) => page.getByTestId("event-row");
const detail = (page: Page) => page.getByRole("complementary", { name: "Event detail" });

const sequencesOf = (page: Page): Promise<number[]> =>
  rows(page).evaluateAll((all) => all.map((each) => Number(each.getAttribute("data-sequence"))));

test("events are listed by sequence, and one is read beside them with what it changed", async ({
  signedIn: page,
}) => {
  const service = await define(page);
  await page.goto("/events");
  await expectLive(page);
  const row = rows(page).filter({ hasText: service }).first();
  await expect(row).toBeVisible();
  const sequences = await sequencesOf(page);
  expect(sequences).toEqual([...sequences].sort((a, b) => b - a));
  const sequence = await row.getAttribute("data-sequence");
  await page.getByRole("button", { name: `Event ${sequence}: show detail` }).click();
  await expect(page).toHaveURL(new RegExp(`[?&]event=${sequence}$`));
  await expect(detail(page)).toContainText(`Event ${sequence}`);
  await expect(detail(page)).toContainText("There was nothing of it before.");
  await detail(page).getByRole("button", { name: "Older event" }).click();
  await expect(page).not.toHaveURL(new RegExp(`[?&]event=${sequence}$`));
  await page.goBack();
  await page.goBack();
  await expect(detail(page)).toHaveCount(0);

  await page.goto(`/events/${sequence}`);
  await expect(page.getByRole("heading", { name: `Event ${sequence}` })).toBeVisible();
  await expect(page.getByRole("main")).toContainText(service);
});

test("kinds and types are included and excluded, and the address holds it", async ({ signedIn: page }) => {
  await page.goto("/events");
  await page.getByRole("button", { name: /^Kind, type/ }).click();
  await page.getByRole("checkbox", { name: "Leadership" }).click();
  await expect(page).toHaveURL(/[?&]kind=LEADERSHIP/);
  await page.keyboard.press("Escape");
  await expect(async () => {
    await unfold(page);
    await expect(rows(page).first()).toHaveAttribute("data-type", /^aegis\.leadership\./, { timeout: 1_000 });
  }).toPass();
  await page.goBack();
  await expect(page).not.toHaveURL(/kind=/);

  await page.getByRole("button", { name: /^Kind, type/ }).click();
  await page.getByRole("button", { name: "Without Leadership" }).click();
  await expect(page).toHaveURL(/[?&]not\.kind=LEADERSHIP/);
  await page.keyboard.press("Escape");
  await expect(page.locator('[data-testid="event-row"][data-type^="aegis.leadership."]')).toHaveCount(0);
  await page.getByRole("button", { name: "Without the filter not Kind Leadership" }).click();
  await expect(page).not.toHaveURL(/not\./);
});

test("any value leads to a filter", async ({ signedIn: page }) => {
  const service = await define(page);
  await page.goto("/events");
  const row = rows(page).filter({ hasText: service }).first();
  await row.hover();
  await row.getByRole("button", { name: `Filter by service ${service}` }).click();
  await page.getByRole("menuitem", { name: "Only these" }).click();
  await expect(page).toHaveURL(new RegExp(`[?&]service=${service}`));
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText("No older event matches.")).toBeVisible();
});

test("the list follows, stands while it is read, and says how many are new", async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 1440, height: 420 });
  await page.goto("/events");
  await expectLive(page);
  await expect(rows(page).first()).toBeVisible();
  const list = page.getByRole("region", { name: "Events" });
  await list.evaluate((each) => each.scrollTo({ top: 140 }));
  const top = (await sequencesOf(page))[0];
  const service = await define(page);
  const pill = page.getByRole("button", { name: /^\d+ new$/ });
  await expect(pill).toBeVisible();
  expect((await sequencesOf(page))[0]).toBe(top);
  await pill.click();
  await expect(rows(page).filter({ hasText: service }).first()).toBeVisible();
});

test("a jump begins the list elsewhere, and pages go both ways", async ({ signedIn: page }) => {
  // More than the list around a jump holds.
  for (let n = 0; n < 40; n++) await define(page);
  await page.goto("/events");
  await page.getByLabel("Go to sequence or time").fill("2");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await expect(page).toHaveURL(/top=2/);
  await expect(detail(page)).toContainText("Event 2");
  await expect(page.getByText("This is the beginning of the log.")).toBeVisible();
  const region = page.getByRole("region", { name: "Events" });
  const newest = async () => Math.max(...(await sequencesOf(page)));
  // The list begins around the jump, and what is newer comes where it is scrolled up.
  await expect.poll(newest).toBeLessThan(60);
  await expect(async () => {
    await region.evaluate((each) => each.scrollTo({ top: 0 }));
    expect(await newest()).toBeGreaterThan(60);
  }).toPass();
  await page.getByLabel("Go to sequence or time").fill("nonsense");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("No sequence, and no time");
});

test("a list that is scrolled down reads on by itself until the log begins", async ({ signedIn: page }) => {
  // More than one page of them.
  for (let n = 0; n < 110; n++) await define(page);
  await page.goto("/events?kind=DEFINITION");
  const region = page.getByRole("region", { name: "Events" });
  await expect(rows(page).first()).toBeVisible();
  await expect(async () => {
    await region.evaluate((each) => each.scrollTo({ top: each.scrollHeight }));
    await expect(page.getByText("No older event matches.")).toBeVisible({ timeout: 500 });
  }).toPass();
});

test("a view is saved by name, and the filtered events as a file", async ({ signedIn: page }) => {
  const service = await define(page);
  await page.goto(`/events?service=${service}`);
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("button", { name: /^Views:/ }).click();
  await page.getByLabel("Name of this view").fill("Mine");
  await page.getByRole("button", { name: "Save" }).click();
  await page.goto("/events");
  await page.getByRole("button", { name: /^Views:/ }).click();
  await page.getByRole("button", { name: "Mine", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`service=${service}`));
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: /NDJSON/ }).click();
  const lines = readFileSync(await (await waiting).path(), "utf8")
    .trim()
    .split("\n");
  expect(lines.map((each) => (JSON.parse(each) as { service: string }).service)).toEqual([service]);
});

test("the page of an event says what it changed", async ({ signedIn: page }) => {
  await page.goto("/events/5");
  await expect(page.getByRole("heading", { level: 1, name: "Event 5" })).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "After" })).toBeVisible();
});

test("an event says whether its chain is verified, and shows its whole record", async ({
  signedIn: page,
}) => {
  await page.goto("/events?event=5&top=5");
  await page.getByRole("button", { name: "Verify now" }).click();
  await expect(page.getByTestId("chain")).toContainText(/Chain verified to seq \d+/, { timeout: 30_000 });
  await page.reload();
  await expect(detail(page)).toContainText(/Chain verified to seq \d+/);
  await detail(page).getByRole("button", { name: "Record" }).click();
  const record = detail(page).getByRole("region", { name: "All of the event, with its payload" });
  await expect(record).toContainText('"aggregateVersion"');
  expect(JSON.parse((await record.textContent()) ?? "")).toMatchObject({ sequence: 5 });
});

test("cause and effects are a tree that leads to each of them, and the correlation leads to a trace", async ({
  signedIn: page,
}) => {
  // Nothing that this stack records names a cause: the answers say that each event was caused by the one before.
  await page.route("**/graphql", async (route) => {
    const asked = route.request().postDataJSON() as {
      operationName?: string;
      variables: { id?: string; filter?: { causationId?: string } | null };
    };
    const cause = asked.variables.filter?.causationId;
    const isChain = asked.operationName === "EventHistory" && cause !== undefined;
    if (!isChain && asked.operationName !== "EventById" && asked.operationName !== "OneEvent") {
      await route.continue();
      return;
    }
    const made = (sequence: number) => ({
      __typename: "Event",
      id: `e-${sequence}`,
      sequence,
      type: "aegis.instance.drain_requested.v1",
      kind: "INSTANCE",
      aggregate: "instance.desk.desk-1",
      service: "desk",
      aggregateVersion: 1,
      time: new Date(1_767_000_000_000 + sequence * 40).toISOString(),
      recordedAt: new Date(1_767_000_000_000 + sequence * 40).toISOString(),
      actor: "user:alice",
      correlationId: "req-42",
      causationId: sequence === 1 ? "request-7" : `e-${sequence - 1}`,
      summary: `event ${sequence}`,
      data: {},
    });
    const known = (id: string) => (id.startsWith("e-") ? made(Number(id.slice(2))) : null);
    const next = cause === undefined ? 0 : Number(cause.slice(2)) + 1;
    const data = isChain
      ? {
          events: {
            __typename: "EventConnection",
            nodes: next > 4 ? [] : [made(next)],
            pageInfo: { __typename: "PageInfo", hasPreviousPage: false, startCursor: null },
            asOfSequence: 9,
          },
        }
      : { event: asked.operationName === "OneEvent" ? made(3) : known(asked.variables.id ?? "") };
    await route.fulfill({ json: { data } });
  });
  await page.goto("/events/3");
  const tree = page.getByRole("region", { name: "Cause and effects" });
  await expect(tree).toContainText("began with request-7");
  await expect(tree.getByTestId("chain-link")).toHaveCount(4);
  await expect(tree.getByRole("link", { name: "3", exact: true })).toHaveAttribute("aria-current", "true");
  await expect(tree.getByTestId("chain-link").last()).toContainText("+40 ms");
  await page.getByRole("button", { name: "Where traces are" }).click();
  const address = page.getByLabel("Address of a trace, in this browser");
  await address.fill("https://traces.example/");
  await expect(page.getByText("Use an address with {traceId} in it.")).toBeVisible();
  await address.fill("https://traces.example/{traceId}");
  await page.getByRole("button", { name: "Keep" }).click();
  await expect(page.getByRole("link", { name: "Trace" })).toHaveAttribute(
    "href",
    "https://traces.example/req-42",
  );
  await tree.getByRole("link", { name: "1", exact: true }).click();
  await expect(page).toHaveURL(/\/events\/1$/);
});
