import { defineConfig } from "@playwright/test";

/** Starts no server: the stack under test is running already, see `tests/e2e/stack.ts`. */
export default defineConfig({
  testDir: "tests/e2e",
  projects: [
    // The sign-in link of the stack is good for ten minutes, and all tests together take longer.
    { name: "link", testMatch: "**/link.e2e.ts" },
    { name: "all", testMatch: "**/*.e2e.ts", testIgnore: "**/link.e2e.ts", dependencies: ["link"] },
  ],
  globalSetup: "./tests/e2e/once.ts",
  timeout: 45_000,
  expect: { timeout: 10_000 },
  // One stack, and one test kills a part of it.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  reporter: [["list"]],
  use: {
    baseURL: process.env.AEGIS_URL,
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.AEGIS_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        // The hosts of the second replica, which stands behind a proxy.
        "--host-resolver-rules=MAP floor.example 127.0.0.1, MAP elsewhere.example 127.0.0.1",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
