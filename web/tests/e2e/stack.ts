import { readFileSync } from "node:fs";

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(
      `${name} is not set. These tests drive a running stack: start them with \`cargo xtask test\`.`,
    );
  }
  return value;
}

export const stack = {
  url: required("AEGIS_URL"),
  token: required("AEGIS_TOKEN"),
  loginUrl: required("AEGIS_LOGIN_URL"),
  envFile: required("AEGIS_ENV_FILE"),
};

/** A second replica on the same NATS, behind nginx with TLS and under a path: `xtask/src/proxied.rs`. */
export const proxied = {
  url: required("AEGIS_PROXY_URL"),
  /** The same replica under a host that it does not know. */
  elsewhere: required("AEGIS_PROXY_ELSEWHERE_URL"),
  /** The same, with a proxy that hides this from it, but for websockets. */
  halfway: required("AEGIS_PROXY_HALFWAY_URL"),
  token: required("AEGIS_PROXY_TOKEN"),
};

/** The pid of a part as it runs now: the file is written again whenever a part is restarted. */
export const pidOf = (instance: string): number => processOf(instance.toUpperCase().replaceAll("-", "_"));

export function processOf(part: string): number {
  const name = `${part}_PID`;
  const line = readFileSync(stack.envFile, "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}=`));
  const pid = Number(line?.slice(name.length + 1));
  if (!Number.isInteger(pid) || pid <= 1) throw new Error(`${name} is not in ${stack.envFile}`);
  return pid;
}
