import { expect, expectLive, signOut, test } from "./fixtures";
import { stack } from "./stack";

test("a wrong token is refused with the code of the server", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/signin$/);
  await page.getByLabel("Access token").fill("not-a-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("UNAUTHENTICATED");
});

test("a token signs in, back to where one wanted to go, and signing out ends it", async ({ page }) => {
  await page.goto("/events?kind=LEADERSHIP");
  await page.getByLabel("Access token").fill(stack.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/events\?kind=LEADERSHIP$/);
  await expectLive(page);
  await signOut(page);
  await expect(page).toHaveURL(/\/signin$/);
  const response = await page.request.post("/graphql", { data: { query: "{ viewer { name } }" } });
  expect(response.status()).toBe(401);
});

test("without a session every door answers 401 in the one shape", async ({ request }) => {
  const query = await request.post("/graphql", { data: { query: "{ viewer { name } }" } });
  const session = await request.post("/api/session", { data: { token: "not-a-token" } });
  for (const response of [query, session]) {
    expect(response.status()).toBe(401);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    expect(error).toHaveProperty("message");
    expect(error).toHaveProperty("requestId");
  }
});

test("a session that is gone leads to the sign-in, without retries", async ({ signedIn: page }) => {
  await page.goto("/");
  await expectLive(page);
  await page.context().clearCookies();
  await page.reload();
  await expect(page).toHaveURL(/\/signin$/);
  await expect(page.getByLabel("Access token")).toBeVisible();
});
