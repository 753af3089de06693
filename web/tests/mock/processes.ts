import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { World } from "./world";

const RESTART_MS = 5_000;

/**
 * One idle process per trading instance, its pid in an environment file: killing it makes the world fail
 * over, so that the end-to-end tests can be tried without the real stack.
 */
export function standIns(world: World, file: string): () => void {
  const running = new Map<string, ChildProcess>();
  let over = false;
  const write = (): void => {
    const lines = [...running].map(([name, p]) => `${name.toUpperCase().replaceAll("-", "_")}_PID=${p.pid}`);
    writeFileSync(file, `${lines.join("\n")}\n`);
  };
  const launch = (name: string): void => {
    const child = spawn("sleep", ["86400"], { stdio: "ignore" });
    running.set(name, child);
    write();
    child.once("exit", () => {
      if (over) return;
      world.crash(`trading-service/${name}`);
      setTimeout(() => {
        if (over) return;
        world.register("trading-service", name, "1.12.0");
        launch(name);
      }, RESTART_MS);
    });
  };
  for (const n of [1, 2, 3]) launch(`trading-service-${n}`);
  return () => {
    over = true;
    for (const child of running.values()) child.kill();
  };
}
