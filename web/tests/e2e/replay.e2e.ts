import type { Page } from "@playwright/test";
import { expect, expectLive, test } from "./fixtures";
import { define, unique } from "./recording";

test("the whole page shows a moment of the log, read only, and every link keeps it", async ({
  signedIn: page,
}) => {
  await page.goto("/?at=s3");
  await expect(page.getByTestId("viewing")).toContainText(/Viewing .* seq 3 of/);
  const services = page.getByTestId("service-row");
  await expect(services.first()).toBeVisible();
  const early = await services.count();
  await page.getByRole("slider", { name: "Moment of the log" }).press("End");
  await expect(page).not.toHaveURL(/at=s3$/);
  await expect.poll(() => services.count()).toBeGreaterThan(early);

  await services.last().getByRole("link").first().click();
  await expect(page).toHaveURL(/\/services\/.*[?&]at=s\d+/);
  const at = new URL(page.url()).searchParams.get("at");
  await page.goto(`/services/trading-service/instances/trading-service-1?at=${at}`);
  const drain = page.getByRole("button", { name: "Drain…" });
  await expect(drain).toHaveAttribute("aria-disabled", "true");
  await expect(drain).toHaveAccessibleDescription("You are viewing the past.");

  await page.getByRole("button", { name: "Back to live" }).click();
  await expect(page.getByTestId("viewing")).toHaveCount(0);
  await expectLive(page);
});

test("two moments are compared as a difference of the registry", async ({ signedIn: page }) => {
  await page.goto("/?at=s3");
  await page.getByRole("button", { name: "Compare…" }).click();
  const dialog = page.getByRole("dialog", { name: "Compare two moments" });
  await expect(dialog.getByTestId("differences")).toHaveText(/terms?.* differ\.$/);
  await expect(dialog.getByRole("row").filter({ hasText: "trading-service/ACC-1" })).toContainText("term");
  await expect(page).toHaveURL(/vs=now/);
  await dialog.getByRole("button", { name: /^Added/ }).click();
  await expect(dialog.locator("tr[data-how=removed], tr[data-how=changed]")).toHaveCount(0);
  await dialog.getByLabel("Other moment: sequence or time").fill("3");
  await dialog.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(dialog.getByTestId("differences")).toHaveText("Nothing differs.");
});

const viewing = (page: Page) => page.getByTestId("viewing");

test("the log is played, stops at what is of note, and the keys go from marker to marker", async ({
  signedIn: page,
}) => {
  // Two, because the first key back leaves the last event.
  await define(page);
  await define(page, { service: `${unique()}-b` });
  await page.goto("/?at=s1");
  const slider = page.getByRole("slider", { name: "Moment of the log" });
  await expect(slider).toHaveAttribute("aria-valuetext", /^\d\d:\d\d:\d\d, sequence 1, registered \S+$/);
  await page.getByLabel("Pace").selectOption("60×");
  await page.getByLabel("stop at markers").check();
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await expect(page.getByRole("button", { name: "Stop playing" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible({ timeout: 30_000 });
  const marked = Number(await slider.getAttribute("aria-valuenow"));
  expect(marked).toBeGreaterThan(1);

  await slider.press("End");
  const place = async () => Number(await slider.getAttribute("aria-valuenow"));
  const end = Number(await slider.getAttribute("aria-valuemax"));
  await expect.poll(place).toBe(end);
  await slider.press(",");
  await expect.poll(place).toBeLessThan(end);
  await expect(slider).toHaveAttribute("aria-valuetext", /defined e2e-\S+$/);
  await slider.press("Home");
  await expect(slider).toHaveAttribute("aria-valuenow", "1");
  await slider.press("Shift+ArrowRight");
  await expect(slider).toHaveAttribute("aria-valuenow", "11");
  await page.getByLabel("Pace").selectOption("4 events/s");
  await slider.press(" ");
  await expect(viewing(page)).toContainText(/seq 1[3-9] of/);
  await slider.press("t");
  await expect(page.getByLabel("Sequence or time")).toBeFocused();
  await slider.focus();
  await slider.press("Escape");
  await expect(viewing(page)).toHaveCount(0);
});

test("a marker that is found late leads nobody away from where they went since", async ({
  signedIn: page,
}) => {
  await define(page);
  await define(page);
  await page.goto("/?at=s1");
  const slider = page.getByRole("slider", { name: "Moment of the log" });
  await slider.press("End");
  await expect(slider).toHaveAttribute("aria-valuetext", /defined e2e-\S+$/);
  // The answer waits until they have gone on.
  let release = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = (): void => undefined;
  const question = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let answered = (): void => undefined;
  const answer = new Promise<void>((resolve) => {
    answered = resolve;
  });
  await page.route("**/graphql", async (route) => {
    const filter = route.request().postDataJSON()?.variables?.filter;
    if (!filter?.types) return route.continue();
    asked();
    await gone;
    await route.continue();
    answered();
  });
  await slider.press(",");
  await question;
  await slider.press("Home");
  await expect(slider).toHaveAttribute("aria-valuenow", "1");
  const told = page.waitForResponse((response) => response.url().endsWith("/graphql"));
  release();
  await answer;
  await told;
  await slider.press("ArrowRight");
  await expect(slider).toHaveAttribute("aria-valuenow", "2");
  await expect(viewing(page)).toContainText("seq 2 of");
});

test("what has changed since is told, and two marked places are compared", async ({ signedIn: page }) => {
  await page.goto("/?at=s5");
  await expect(page.getByTestId("since")).toContainText(/^Since then: .* differ$/);
  const slider = page.getByRole("slider", { name: "Moment of the log" });
  await expect(slider).toHaveAttribute("aria-valuenow", "5");
  await slider.press("a");
  await expect(page.getByRole("button", { name: /^A stands at seq 5/ })).toBeVisible();
  await slider.press("Shift+ArrowRight");
  await expect(slider).toHaveAttribute("aria-valuetext", /sequence 15,/);
  await slider.press("b");
  await page.getByRole("button", { name: "Compare…" }).click();
  await expect(page).toHaveURL(/at=s5.*vs=s15/);
  const dialog = page.getByRole("dialog", { name: "Compare two moments" });
  await expect(dialog.getByRole("columnheader", { name: "At seq 15" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/vs=/);
});

test("the track is dragged to a time, and the page follows to the event before it", async ({
  signedIn: page,
}) => {
  await page.goto("/?at=s5");
  const slider = page.getByRole("slider", { name: "Moment of the log" });
  await expect(slider).toHaveAttribute("aria-valuenow", "5");
  const box = await slider.boundingBox();
  if (!box) throw new Error("no track");
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 2, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await expect(slider).not.toHaveAttribute("aria-valuenow", "5");
  await expect(page).toHaveURL(/at=s\d\d+/);
});
