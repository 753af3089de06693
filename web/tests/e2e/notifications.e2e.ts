import { expect, expectLive, test } from "./fixtures";
import { define } from "./recording";

test("the bell tells what needs somebody; it is acknowledged and silenced, with who and why", async ({
  signedIn: page,
}) => {
  await page.goto("/");
  await expectLive(page);
  // What is wrong is made up on the way here: nothing of the stack has to break for it.
  await page.route("**/graphql", async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as { data?: { system?: { problems?: object[] } } };
    const system = body.data?.system;
    if (system?.problems) {
      const since = new Date().toISOString().slice(0, 10);
      system.problems = [
        { part: "leases", code: "UNREADABLE", message: "a test", since: `${since}T00:00:00Z` },
      ];
    }
    await route.fulfill({ response, json: body });
  });
  const bell = page.getByRole("button", { name: /need somebody$/ });
  await bell.click();
  const line = page.getByTestId("notification").filter({ hasText: "a test" });
  await expect(line).toBeVisible();
  await line.getByRole("button", { name: "Acknowledge" }).click();
  await expect(line).toContainText(/Acknowledged by \w+/);
  await line.getByRole("button", { name: "Put back" }).click();
  await line.getByRole("button", { name: "Silence…" }).click();
  await line.getByLabel("Why").fill("known");
  await line.getByRole("button", { name: "Silence", exact: true }).click();
  await expect(line).toContainText(/Silenced by \w+ until .*: known/);
  await line.getByRole("button", { name: "End silence" }).click();
  await expect(line).not.toContainText("Silenced");
});

test("the wallboard has no chrome, says the verdict, and is left with Escape", async ({ signedIn: page }) => {
  await define(page);
  await page.goto("/wall");
  await expect(page.getByTestId("verdict")).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});
