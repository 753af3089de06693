import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { publish } from "./nats";

/** Letters of messages that the example's consumer could not take, of one cause. */
async function put(count: number, cause: string): Promise<void> {
  const first = Date.now() % 1_000_000_000;
  await publish(
    Array.from({ length: count }, (_, index) => ({
      subject: `aegis.dead.message.trading.${first + index}-1`,
      headers: {
        "Aegis-Dead-Reason": cause,
        "Aegis-Dead-Subject": "e2e.nobody",
        "Aegis-Dead-Sequence": String(first + index),
        "X-Desk": "equities",
      },
      body: JSON.stringify({ trade: first + index }),
    })),
  );
}

test("letters of one cause stand together, and one is looked at and redriven", async ({ signedIn: page }) => {
  const cause = `no such venue ${Date.now().toString(36).replace(/\d/g, "x")}`;
  await put(2, cause);
  await page.goto("/dead-letters");
  await page.getByLabel("Filter letters").fill(cause);
  await expect(page.getByTestId("letter-group")).toHaveCount(1);
  await expect(page.getByTestId("letter-row")).toHaveCount(2);
  await page.getByTestId("letter-row").first().click();
  const peek = page.getByRole("complementary");
  await expect(peek).toContainText("X-Desk");
  await expect(peek).toContainText('"trade"');
  await expect(peek).toContainText("goes to e2e.nobody");
  await peek.getByRole("button", { name: "Redrive" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason, for the record").fill("the venue is back");
  await dialog.getByRole("button", { name: /^Redrive letter/ }).click();
  await expect(dialog.getByText("Redriven 1, failed 0, left 0.")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByTestId("letter-row").first()).toContainText("decided, seq");
  await expect(page.getByTestId("decision").first()).toContainText("the venue is back");
});

test("many are discarded after a preview, each with its result", async ({ signedIn: page }) => {
  const cause = `no such trader ${Date.now().toString(36).replace(/\d/g, "x")}`;
  await put(3, cause);
  await page.goto("/dead-letters");
  await page.getByLabel("Filter letters").fill(cause);
  await page.getByLabel(`Choose all with this reason: ${cause}`).check();
  await expect(page.getByTestId("chosen")).toHaveText("3 chosen");
  await page.getByRole("button", { name: "Discard…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Preview, nothing is done yet: 3 of 3 letters can be.")).toBeVisible();
  await dialog.getByLabel("At most").selectOption("20");
  await dialog.getByLabel("Reason, for the record").fill("a test");
  await dialog.getByRole("button", { name: "Discard 3 letters" }).click();
  await expect(dialog.getByText("Discarded 3, failed 0, left 0.")).toBeVisible();
  await expect(dialog.getByTestId("outcome").filter({ hasText: "done, seq" })).toHaveCount(3);
  const waiting = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export results" }).click();
  const [head, ...lines] = readFileSync(await (await waiting).path(), "utf8")
    .trim()
    .split("\r\n");
  expect(head).toContain("recorded as seq");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/discard,a test,decided,\d+/);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByTestId("letter-row").first()).toContainText(/decided, seq \d+/);
  await page.reload();
  await expect(page.getByTestId("decision").first().locator("del")).toContainText("e2e.nobody");
});

test("all letters of a cause are chosen, also those that are not read yet", async ({ signedIn: page }) => {
  const cause = `no such book ${Date.now().toString(36).replace(/\d/g, "x")}`;
  await put(230, cause);
  await page.goto("/dead-letters");
  const group = page.getByTestId("letter-group").filter({ hasText: cause });
  await expect(group).toContainText("230");
  await expect(group).toContainText("oldest");
  // What matches a text is chosen to the end, however little of it is read.
  await page.getByLabel("Filter letters").fill(cause);
  await page.getByRole("button", { name: "Choose all that match" }).click();
  await expect(page.getByTestId("chosen")).toHaveText("230 chosen");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await page.reload();
  await page.getByLabel("Filter letters").fill("");
  await page.getByRole("button", { name: `Show letters with this reason: ${cause}` }).click();
  await expect(page.getByText(/older ones of this cause are not read yet/)).toBeVisible();
  await page.getByLabel(`Choose all with this reason: ${cause}`).click();
  await expect(page.getByTestId("chosen")).toHaveText("230 chosen");
  await page.getByRole("button", { name: "Redrive…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Preview, nothing is done yet: 230 of 230 letters can be.")).toBeVisible();
  await expect(dialog.getByTestId("destinations")).toHaveText("230 letters: each goes to e2e.nobody");
  await expect(dialog.getByTestId("duration")).toHaveText("takes about 46 s");
  await dialog.getByLabel("At most").selectOption("100");
  await expect(dialog.getByTestId("duration")).toHaveText("takes about 2 s");
  const waiting = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export preview" }).click();
  expect(
    readFileSync(await (await waiting).path(), "utf8")
      .trim()
      .split("\r\n"),
  ).toHaveLength(231);
});
