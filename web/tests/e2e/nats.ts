import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { stack } from "./stack";

/** Puts messages with headers straight onto subjects of the stack's NATS, and waits until the server has them. */
export function publish(
  messages: { subject: string; headers: Record<string, string>; body: string }[],
): Promise<void> {
  const line = readFileSync(stack.envFile, "utf8").match(/^NATS_URL=nats:\/\/([^:]+):(\d+)/m);
  if (!line) throw new Error(`NATS_URL is not in ${stack.envFile}`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(line[2]), line[1] ?? "");
    socket.on("error", reject);
    socket.on("data", (data) => {
      if (!String(data).includes("PONG")) return;
      socket.end();
      resolve();
    });
    socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n');
    for (const { subject, headers, body } of messages) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `NATS/1.0\r\n${lines.join("")}\r\n`;
      const size = Buffer.byteLength(head) + Buffer.byteLength(body);
      socket.write(`HPUB ${subject} ${Buffer.byteLength(head)} ${size}\r\n${head}${body}\r\n`);
    }
    socket.write("PING\r\n");
  });
}
