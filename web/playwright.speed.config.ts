import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

/** Measures the page against a fleet instead of holding it to anything: `cargo xtask bench page`. */
export default defineConfig({
  ...tests,
  globalSetup: [],
  testDir: "tests/speed",
  testMatch: "**/*.speed.ts",
  projects: [{ name: "speed" }],
  // The last one watches for as long as it is told.
  timeout: 2 * 60 * 60_000,
  use: { ...tests.use, trace: "off", screenshot: "only-on-failure" },
});
