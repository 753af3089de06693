import { test as base, expect, type Page } from "@playwright/test";
import { stack } from "./stack";

/** A page whose context holds the session cookie; it is on no address yet. */
export const test = base.extend<{ signedIn: Page }>({
  signedIn: async ({ page }, use) => {
    const response = await page.request.post("/api/session", { data: { token: stack.token } });
    expect(response.status()).toBe(204);
    await use(page);
  },
});

export { expect };

export const connection = (page: Page) => page.getByTestId("connection");

export async function signOut(page: Page): Promise<void> {
  await page.getByTestId("viewer").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
}

export async function expectLive(page: Page): Promise<void> {
  await expect(connection(page)).toHaveAttribute("data-state", "live");
}

/** Opens the runs of events that are folded into one line. */
export async function unfold(page: Page): Promise<void> {
  const folded = page.getByTestId("run-row").locator('button[aria-expanded="false"]');
  while ((await folded.count()) > 0) await folded.first().click();
}

declare global {
  interface Window {
    /** Set by a test and lost by a reload. */
    aegisSamePage?: boolean;
  }
}

export async function markPage(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.aegisSamePage = true;
  });
}

export async function expectSamePage(page: Page): Promise<void> {
  expect(await page.evaluate(() => window.aegisSamePage)).toBe(true);
}
