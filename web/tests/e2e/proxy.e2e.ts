import type { Page } from "@playwright/test";
import { connection, expect, expectLive, expectSamePage, markPage, signOut, test, unfold } from "./fixtures";
import { proxied } from "./stack";

// The certificate of the proxy is its own.
test.use({ ignoreHTTPSErrors: true });

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Access token").fill(proxied.token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** What the page's own origin is answered, so that cookie, path and origin are those of the page. */
const post = (page: Page, path: string, body: unknown): Promise<number> =>
  page.evaluate(
    async ([to, text]) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(to as string, { method: "POST", headers, body: text as string })).status;
    },
    [path, JSON.stringify(body)],
  );

test("behind nginx, under a path, with TLS: signs in, is live, and shows a step-down", async ({ page }) => {
  await signIn(page, proxied.url);
  await expect(page).toHaveURL(proxied.url);
  await expectLive(page);
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ path: "/aegis/", secure: true, httpOnly: true, sameSite: "Strict" });
  await markPage(page);

  await page.getByRole("button", { name: "instances", exact: true }).click();
  const row = page.getByTestId("instance-row").first();
  const before = await row.getAttribute("data-beat");
  await expect(row).not.toHaveAttribute("data-beat", before ?? "");

  await page.getByRole("navigation").getByRole("link", { name: "Leadership" }).click();
  const owned = page
    .locator('[data-testid="group-row"][data-group^="trading-service/"]:not([data-owner=""])')
    .first();
  const group = (await owned.getAttribute("data-group")) ?? "";
  const term = Number(await owned.getAttribute("data-term"));
  const owner = (await owned.getAttribute("data-owner")) ?? "";
  expect(await post(page, `/aegis/api/leaders/${group}/step-down`, { reason: "a test" })).toBeLessThan(300);
  const line = page.locator(`[data-testid="group-row"][data-group="${group}"]`);
  await expect(line).toHaveAttribute("data-term", String(term + 1));
  await expect(line).not.toHaveAttribute("data-owner", owner);

  await page.getByRole("navigation").getByRole("link", { name: "Events" }).click();
  await expect(page).toHaveURL(`${proxied.url}events`);
  await page.getByRole("button", { name: /^Kind, type/ }).click();
  await page.getByRole("checkbox", { name: "Leadership" }).click();
  await page.keyboard.press("Escape");
  const elections = page
    .locator('[data-testid="event-row"][data-type="aegis.leadership.leader_elected.v1"]')
    .filter({ hasText: group.replace("trading-service/", "") });
  await expect(async () => {
    await unfold(page);
    await expect(elections.first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expectSamePage(page);

  await page.reload();
  await expect(page).toHaveURL(`${proxied.url}events?kind=LEADERSHIP`);
  await expect(async () => {
    await unfold(page);
    await expect(elections.first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expectLive(page);
  await signOut(page);
  await expect(page).toHaveURL(`${proxied.url}signin`);
});

test("a page of an address that the replica does not know says at once which one it expects", async ({
  page,
}) => {
  await page.goto(proxied.elsewhere);
  const alert = page.getByRole("alert");
  await expect(alert).toContainText(`public_url, ${new URL(proxied.url).origin}`);
  await expect(alert).toContainText("FORBIDDEN");
});

test("a page whose websocket is refused says why, and does not try again", async ({ page }) => {
  let attempts = 0;
  page.on("websocket", () => {
    attempts += 1;
  });
  await signIn(page, proxied.halfway);
  await expect(connection(page)).toHaveAttribute("data-state", "refused");
  await expect(page.getByTestId("banner")).toContainText(`public_url, ${new URL(proxied.url).origin}`);
  const made = attempts;
  // Longer than any wait between two attempts: what is not to happen can only be waited for.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 6_000)));
  expect(attempts).toBe(made);
});
