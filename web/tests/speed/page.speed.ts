import fs from "node:fs";
import { expect, type Page, test } from "@playwright/test";

const given = (name: string) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: measure with \`cargo xtask bench page\``);
  return value;
};
const token = given("AEGIS_TOKEN");
const file = given("AEGIS_SPEED_FILE");
const minutes = Number(given("AEGIS_SPEED_MINUTES"));
/** So many events are in the log before the fleet registers. */
const past = Number(given("AEGIS_SPEED_EVENTS"));
/** How often a navigation is measured. */
const navigations = 5;
/** How long frames are counted on each screen. */
const watched = 10_000;

/** One figure, beside its limit where it has one. */
function report(
  metric: string,
  what: string,
  value: number,
  limit: number | null,
  unit: string,
  trials: number,
) {
  fs.appendFileSync(file, `${JSON.stringify({ metric, what, value, limit, unit, trials })}\n`);
}

const quantile = (values: number[], share: number) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};

/** The clock of the page has gone on by so much: what is watched is watched for that long. */
async function goesOn(page: Page, ms: number): Promise<void> {
  const until = (await page.evaluate(() => performance.now())) + ms;
  await page.waitForFunction((end) => performance.now() >= end, until, {
    polling: 500,
    timeout: ms + 30_000,
  });
}

/** The times between frames of the next while, in milliseconds, during what is done meanwhile. */
async function frames(page: Page, meanwhile: () => Promise<unknown>): Promise<number[]> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let last = performance.now();
    const step = (now: number) => {
      gaps.push(now - last);
      last = now;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    Object.assign(window, { aegisFrames: gaps });
  });
  await meanwhile();
  // The first one began before it was counted.
  return page.evaluate(() => (window as unknown as { aegisFrames: number[] }).aegisFrames.slice(1));
}

async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1024 / 1024;
}

test.beforeEach(async ({ page }) => {
  const answer = await page.request.post("/api/session", { data: { token } });
  expect(answer.status()).toBe(204);
});

test("first rows", async ({ browser }) => {
  for (const { name, address, row } of [
    { name: "instances", address: "/?view=instances", row: ["instance-row"] },
    { name: "services", address: "/", row: ["service-row"] },
    { name: "groups", address: "/leadership", row: ["group-row"] },
    { name: "events", address: "/events", row: ["event-row", "run-row"] },
  ]) {
    const times: number[] = [];
    for (let n = 0; n < navigations; n++) {
      // Nothing is in its cache.
      const context = await browser.newContext({
        baseURL: given("AEGIS_URL"),
        viewport: { width: 1440, height: 900 },
      });
      const page = await context.newPage();
      await page.request.post("/api/session", { data: { token } });
      await page.addInitScript((wanted) => {
        const look = () => {
          if (document.querySelector(wanted) === null) requestAnimationFrame(look);
          else Object.assign(window, { aegisFirst: performance.now() });
        };
        requestAnimationFrame(look);
      }, row.map((id) => `[data-testid="${id}"]`).join());
      await page.goto(address, { waitUntil: "commit" });
      const first = await page.waitForFunction(
        () => (window as unknown as { aegisFirst?: number }).aegisFirst,
        undefined,
        { timeout: 30_000 },
      );
      times.push((await first.jsonValue()) as number);
      await context.close();
    }
    report("first rows", name, quantile(times, 0.5), 1_000, "ms", times.length);
    report("first rows, worst", name, Math.max(...times), null, "ms", times.length);
  }
});

test("frames", async ({ page }) => {
  for (const { name, address } of [
    { name: "instances", address: "/?view=instances" },
    { name: "services", address: "/" },
    { name: "leadership", address: "/leadership" },
    { name: "events", address: "/events" },
    { name: "service", address: "/services/fleet-0" },
  ]) {
    await page.goto(address);
    await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "live");
    const gaps = await frames(page, () => goesOn(page, watched));
    report("frame p95", name, quantile(gaps, 0.95), 20, "ms", gaps.length);
  }
});

test("a day of events is scrolled", async ({ page }) => {
  // The registrations of the fleet fold into few lines; what came before them does not.
  await page.goto(`/events?top=${past}`);
  const rows = page.getByTestId("event-row");
  await expect(rows.first()).toBeVisible();
  await rows.first().hover();
  const sequence = async () => Number((await rows.last().getAttribute("data-sequence")) ?? Number.NaN);
  const begin = await sequence();
  let waited = 0;
  const gaps = await frames(page, async () => {
    // A hand that flicks on and on: some 15,000 pixels, 500 events, a second.
    for (let n = 0; n < 1_100; n++) {
      await page.mouse.wheel(0, 250);
      // Painted, before it goes on.
      waited += await page.evaluate(
        () =>
          new Promise<number>((painted) =>
            requestAnimationFrame(() => {
              const list = document.querySelector('section[aria-label="Events"]');
              const atEnd = list && list.scrollHeight - list.scrollTop - list.clientHeight < 1;
              painted(atEnd ? 1 : 0);
            }),
          ),
      );
    }
  });
  report("events scrolled", "rows", begin - (await sequence()), null, "", 1);
  report("frames at the end of what is loaded", "events", waited, null, "", gaps.length);
  report("frame p95 while scrolling", "events", quantile(gaps, 0.95), 20, "ms", gaps.length);
  report("longest frame while scrolling", "events", Math.max(...gaps), 100, "ms", gaps.length);
  report("heap after scrolling", "events", await heap(page), null, "MiB", 1);
});

test("the heap of a live overview stays as it is", async ({ page }) => {
  await page.goto("/?view=instances");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "live");
  // What is kept for a while (sparklines, the feed) has come by then.
  await goesOn(page, 60_000);
  const sizes = [await heap(page)];
  for (let minute = 1; minute <= minutes; minute++) {
    await goesOn(page, 60_000);
    sizes.push(await heap(page));
  }
  const [first = Number.NaN] = sizes;
  const last = sizes.slice(-5);
  report("heap", "overview", first, null, "MiB", sizes.length);
  report("growth of the heap", `${minutes} minutes`, quantile(last, 0.5) - first, 2, "MiB", sizes.length);
});
