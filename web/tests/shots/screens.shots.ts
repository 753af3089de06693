import path from "node:path";
import { expect, expectLive, test } from "../e2e/fixtures";
import { define } from "../e2e/recording";
import { screens } from "../e2e/screens";
import { pidOf } from "../e2e/stack";

const folder = process.env.AEGIS_SHOTS;
if (!folder) throw new Error("AEGIS_SHOTS is not set: take pictures with `cargo xtask shots`");

const widths = [1024, 1440, 1920];
const themes = ["light", "dark"];

/** The name of a file for an address. */
const named = (address: string) =>
  address.replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "overview";

test("every screen", async ({ signedIn: page }) => {
  await define(page, { service: "axe-desk" });
  // Something to look at: an owner is lost, and somebody else takes over.
  await page.goto("/leadership/trading-service/ACC-1");
  await expectLive(page);
  const terms = page.getByTestId("term-row");
  await expect(terms.first()).toBeVisible();
  const before = await terms.count();
  const owner = (await terms.first().getByRole("link").first().textContent()) ?? "";
  process.kill(pidOf(owner.trim()), "SIGKILL");
  await expect(terms).toHaveCount(before + 1, { timeout: 20_000 });
  for (const theme of themes) {
    await page.addInitScript((value) => localStorage.setItem("aegis.theme", value), theme);
    for (const { path: address, ready } of screens) {
      await page.goto(address);
      await ready(page);
      for (const width of widths) {
        await page.setViewportSize({ width, height: Math.round((width * 5) / 8) });
        await page.screenshot({ path: path.join(folder, `${named(address)}-${width}-${theme}.png`) });
      }
    }
  }
});
