import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { Page } from "@playwright/test";
import { expect } from "./fixtures";

/** A control plane that may be killed: the stack ends with its own. */
export interface MockPlane {
  url: string;
  kill: () => Promise<void>;
  /** Again, at the same address. */
  start: () => Promise<void>;
}

const TOKEN = "mock-token";

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export async function mockPlane(env: Record<string, string> = {}): Promise<MockPlane> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ["scripts/mock.mjs"], {
      env: { ...process.env, AEGIS_ENV_FILE: "", AEGIS_TOKEN: TOKEN, AEGIS_MOCK_PORT: String(port), ...env },
      stdio: "ignore",
    });
    await expect
      .poll(
        () =>
          fetch(url).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 30_000 },
      )
      .toBe(200);
  };
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      // One that was killed by a signal has no exit code.
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  await start();
  return { url, kill, start };
}

export async function signInTo(page: Page, url: string): Promise<void> {
  const response = await page.request.post(`${url}/api/session`, { data: { token: TOKEN } });
  expect(response.status()).toBe(204);
}
