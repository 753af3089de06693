import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { amend, define, unique } from "./recording";

test("a definition is written with the server's rules at hand, recorded, and amended", async ({
  signedIn: page,
}) => {
  const service = unique();
  await page.goto("/definitions/_new");
  await page.getByLabel("Service", { exact: true }).fill("Not-A-Name");
  await page.getByLabel("Team").fill("Equities desk");
  await expect(page.getByText("Use a lower-case letter, then")).toBeVisible();
  await page.getByLabel("Service", { exact: true }).fill(service);
  await page.getByLabel("Description").fill("Sends orders");
  await page.getByLabel("At least").fill("3");
  await page.getByLabel("At most").fill("2");
  await expect(page.getByText("Use not more than «At most».")).toBeVisible();
  await page.getByLabel("At least").fill("0");
  await page.getByLabel(/^Balanced, lease 1 s/).check();
  await page.getByLabel("Reason, for the record").fill("a new desk");
  await page.getByRole("button", { name: "Define" }).click();
  await expect(page).toHaveURL(new RegExp(`/definitions/${service}$`));
  await expect(page.getByTestId("revision")).toHaveCount(1);
  await expect(page.getByText("«a new desk»")).toBeVisible();

  await page.getByRole("button", { name: "Amend" }).click();
  await page.getByLabel("Version").fill("1.1.0");
  await page.getByLabel("Limit of p99").fill("0");
  await page.getByLabel("Limit of errors").fill("0.5");
  await expect(page.getByText("Use a whole number of 1 to 60000 ms.")).toBeVisible();
  await page.getByLabel("Limit of p99").fill("50");
  await expect(page.getByRole("region", { name: "Effect" })).toContainText("the limit is 50 ms");
  await expect(page.getByRole("region", { name: "Changes" })).toContainText("1.0.0→1.1.0");
  await page.getByLabel("Reason, for the record").fill("a new version");
  await page.getByRole("button", { name: "Amend to revision 2" }).click();
  await expect(page.getByTestId("revision")).toHaveCount(2);
  await expect(page.getByTestId("revision").first()).toContainText("Error limit, %");

  await page.getByRole("button", { name: "Make current again" }).click();
  await page.getByLabel("Reason, for the record").fill("back");
  await page.getByRole("button", { name: "Make revision 1 current again" }).click();
  await expect(page.getByTestId("revision")).toHaveCount(3);
  await expect(page.getByRole("region", { name: "What it says" })).toContainText("1.0.0");
});

test("two changes at once meet in a table, and nothing of either is lost", async ({ signedIn: page }) => {
  const service = await define(page);
  await page.goto(`/definitions/${service}/edit`);
  await page.getByLabel("At most").fill("5");
  await page.getByLabel("Version").fill("1.1.0");
  await amend(page, {
    service,
    expectedRevision: 1,
    maxInstances: 6,
    owner: "Eq. desk",
    reason: "more room",
  });
  await page.getByLabel("Reason, for the record").fill("mine");
  await page.getByRole("button", { name: "Amend to revision 2" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("was changed to revision 2 by");
  await expect(page.getByRole("main").getByRole("alert")).toContainText("«more room»");
  const save = page.getByRole("button", { name: "Amend revision 2 with this" });
  await expect(save).toBeDisabled();
  await expect(page.getByTestId("conflict-row")).toHaveCount(3);
  await page.locator('[data-field="maxInstances"]').getByLabel("mine", { exact: true }).check();
  await save.click();
  await expect(page).toHaveURL(new RegExp(`/definitions/${service}$`));
  const says = page.getByRole("region", { name: "What it says" });
  for (const text of ["Eq. desk", "1.1.0", "5"]) await expect(says).toContainText(text);
});

test("leaving a change asks first", async ({ signedIn: page }) => {
  const service = await define(page);
  await page.goto(`/definitions/${service}/edit`);
  await page.getByLabel("Team").fill("Another desk");
  await page.getByRole("link", { name: "Events" }).click();
  await page.getByRole("button", { name: "Stay" }).click();
  await expect(page.getByLabel("Team")).toHaveValue("Another desk");
  await page.getByRole("link", { name: "Events" }).click();
  await page.getByRole("button", { name: "Discard and leave" }).click();
  await expect(page).toHaveURL(/\/events$/);
});

test("retiring asks for the name, and is undone by reinstating", async ({ signedIn: page }) => {
  const service = await define(page);
  await page.goto(`/definitions/${service}`);
  await page.getByRole("button", { name: "Retire" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason, for the record").fill("replaced");
  await expect(dialog.getByRole("button", { name: `Retire ${service}` })).toBeDisabled();
  await dialog.getByLabel(/Type the name/).fill(service);
  await dialog.getByRole("button", { name: `Retire ${service}` }).click();
  await page.getByRole("button", { name: "Reinstate" }).click();
  await dialog.getByLabel("Reason, for the record").fill("a mistake");
  await dialog.getByRole("button", { name: `Reinstate ${service}` }).click();
  await expect(page.getByRole("button", { name: "Retire" })).toBeVisible();
});

test("a file is imported after its plan was shown, and exported so that its plan is empty", async ({
  signedIn: page,
}) => {
  const service = unique();
  await page.goto("/definitions");
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog");
  const text = dialog.getByLabel("Definitions as text");
  await text.fill(`definitions:\n- service: ${service}\n  onwer: Desk\n`);
  await expect(dialog.getByRole("alert")).toContainText("Line 3: unknown field «onwer»");
  await text.fill(
    `definitions:\n- service: ${service}\n  owner: Desk\n  description: Sends orders\n  version: 1.0.0\n`,
  );
  await expect(dialog.getByTestId("plan-step")).toHaveAttribute("data-action", "define");
  await dialog.getByLabel("Reason, for the record").fill("an import");
  await dialog.getByRole("button", { name: "Apply 1 change" }).click();
  await expect(dialog.getByText("All of it is applied.")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.locator(`[data-service="${service}"]`)).toBeVisible();

  await page.getByRole("button", { name: "Export" }).click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "As YAML" }).click();
  const file = readFileSync(await (await waiting).path(), "utf8");
  expect(file).toContain(`service: ${service}`);
  await page.getByRole("button", { name: "Import" }).click();
  await text.fill(file);
  await expect(dialog.getByRole("button", { name: "Nothing to do" })).toBeVisible();
});

test("what the server refuses is said at its field, and the rest beside the button", async ({
  signedIn: page,
}) => {
  const service = await define(page);
  await page.goto("/definitions/_new");
  await page.getByLabel("Service", { exact: true }).fill(service);
  await page.getByLabel("Team").fill("Desk");
  await page.getByLabel("Description").fill("Sends orders");
  await page.getByLabel("Reason, for the record").fill("again");
  await page.getByRole("button", { name: "Define" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toContainText(/DEFINITION_\w+/);

  // A rule that the page does not know beforehand.
  await page.route("**/graphql", async (route) => {
    const { operationName } = route.request().postDataJSON() as { operationName?: string };
    if (operationName !== "Define") return route.continue();
    const told = { code: "INVALID_INPUT", message: "owner: no such team", field: "owner" };
    const define = { __typename: "Rejected", currentRevision: null, ...told };
    return route.fulfill({ json: { data: { define } } });
  });
  await page.getByLabel("Service", { exact: true }).fill(unique());
  await page.getByRole("button", { name: "Define" }).click();
  await expect(page.getByLabel("Team")).toHaveAccessibleDescription("Owner: no such team. INVALID_INPUT");
  await expect(page.getByRole("main").getByRole("alert")).toHaveCount(0);
  await page.getByLabel("Team").fill("Equities");
  await expect(page.getByText("no such team")).toHaveCount(0);
});

test("a service may be called new", async ({ signedIn: page }) => {
  await define(page, { service: "new" });
  await page.goto("/definitions");
  await page.locator('[data-service="new"]').getByRole("link", { name: "new", exact: true }).click();
  await expect(page).toHaveURL(/\/definitions\/new$/);
  await expect(page.getByRole("region", { name: "What it says" })).toContainText("Sends orders");
  await page.getByRole("button", { name: "Clone" }).click();
  await expect(page).toHaveURL(/\/definitions\/_new\?like=new$/);
  await expect(page.getByRole("heading", { name: "New definition like new" })).toBeVisible();
});
