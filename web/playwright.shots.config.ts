import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

/** Takes pictures instead of holding the page to anything: `cargo xtask shots`. */
export default defineConfig({
  ...tests,
  globalSetup: [],
  testDir: "tests/shots",
  testMatch: "**/*.shots.ts",
  projects: [{ name: "shots" }],
  timeout: 300_000,
});
