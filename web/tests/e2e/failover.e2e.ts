import { expect, expectLive, expectSamePage, markPage, test } from "./fixtures";
import { pidOf } from "./stack";

test("killing an owner shows the next one, with the next term, without a reload", async ({
  signedIn: page,
}) => {
  await page.goto("/");
  await expectLive(page);
  await markPage(page);

  const owned = page
    .locator('[data-testid="group-line"][data-group^="trading-service/"]:not([data-owner=""])')
    .first();
  await expect(owned).toBeVisible();
  const group = (await owned.getAttribute("data-group")) ?? "";
  const owner = (await owned.getAttribute("data-owner")) ?? "";
  const term = Number(await owned.getAttribute("data-term"));
  const line = page.locator(`[data-testid="group-line"][data-group="${group}"]`);
  const aggregate = `leadership.${group.replace("/", ".")}`;
  const elections = page.locator(
    `[data-testid="feed-event"][data-aggregate="${aggregate}"][data-type="aegis.leadership.leader_elected.v1"]`,
  );
  const newest = async (): Promise<number> =>
    Math.max(
      0,
      ...(await elections.evaluateAll((all) =>
        all.map((each) => Number(each.getAttribute("data-sequence"))),
      )),
    );
  const before = await newest();

  process.kill(pidOf(owner), "SIGKILL");

  await expect(line).toHaveAttribute("data-term", String(term + 1), { timeout: 10_000 });
  await expect(line).not.toHaveAttribute("data-owner", owner);
  await expect(line).not.toHaveAttribute("data-owner", "");
  await expect.poll(newest, { timeout: 10_000 }).toBeGreaterThan(before);
  await expectSamePage(page);

  const heir = (await line.getAttribute("data-owner")) ?? "";
  const row = page.locator(
    `[data-testid="instance-row"][data-service="trading-service"][data-instance="${heir}"]`,
  );
  await expect(row).toHaveText(/ACC-|groups/);
  await expect(page.getByTestId("announcer")).not.toBeEmpty();
});
