// Runs the mock control plane; it serves `dist` too. Vite compiles the TypeScript, so no other runner is needed.
import { runnerImport } from "vite";

await runnerImport("./tests/mock/main.ts", { configFile: "./vite.config.ts" });
