import { expect, expectLive, test } from "./fixtures";

test("events are listed by sequence, and a click opens one", async ({ signedIn: page }) => {
  await page.goto("/events");
  await expectLive(page);
  const rows = page.getByTestId("event-row");
  await expect(rows.first()).toBeVisible();
  const sequences = await rows.evaluateAll((all) =>
    all.map((each) => Number(each.getAttribute("data-sequence"))),
  );
  expect(sequences).toEqual([...sequences].sort((a, b) => b - a));
  const sequence = await rows.nth(1).getAttribute("data-sequence");
  await page.getByRole("button", { name: `Event ${sequence}: show detail` }).click();
  await expect(page).toHaveURL(new RegExp(`[?&]event=${sequence}$`));
  const detail = page.getByRole("complementary", { name: "Event detail" });
  await expect(detail).toContainText(`Event ${sequence}`);
  await expect(detail).toContainText("Payload");
  await page.goBack();
  await expect(detail).toHaveCount(0);
});

test("the kind filter stands in the address and shows that kind only", async ({ signedIn: page }) => {
  await page.goto("/events");
  await page.getByRole("button", { name: "Leadership", exact: true }).click();
  await expect(page).toHaveURL(/[?&]kind=LEADERSHIP/);
  await expect(
    page.locator('[data-testid="event-row"][data-type^="aegis.leadership."]').first(),
  ).toBeVisible();
  await expect(page.locator('[data-testid="event-row"]:not([data-type^="aegis.leadership."])')).toHaveCount(
    0,
  );
  await page.goBack();
  await expect(
    page.locator('[data-testid="event-row"]:not([data-type^="aegis.leadership."])').first(),
  ).toBeVisible();
});

test("pausing holds the list until it is resumed", async ({ signedIn: page }) => {
  await page.goto("/events");
  await expect(page.getByTestId("event-row").first()).toBeVisible();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  const resume = page.getByRole("button", { name: /\d+ new, resume/ });
  await expect(resume).toBeVisible();
  await resume.click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
});

test("what is like an event can be left out, and its page says what it changed", async ({
  signedIn: page,
}) => {
  await page.goto("/events");
  const registered = page.locator('[data-testid="event-row"][data-type="aegis.instance.registered.v1"]');
  const others = page.locator('[data-testid="event-row"]:not([data-type="aegis.instance.registered.v1"])');
  await expect(registered.first()).toBeVisible();
  const sequence = await registered.first().getAttribute("data-sequence");
  await registered.first().getByRole("button").click();
  await page.getByRole("button", { name: "this type" }).click();
  await expect(page).toHaveURL(/[?&]not\.type=aegis\.instance\.registered\.v1/);
  await expect(registered).toHaveCount(0);
  await expect(others.first()).toBeVisible();
  await page.getByRole("button", { name: "not registered" }).click();
  await expect(registered.first()).toBeVisible();

  await page.goto(`/events/${sequence}`);
  await expect(page.getByRole("heading", { level: 1, name: `Event ${sequence}` })).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "After" })).toBeVisible();
});
