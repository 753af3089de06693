// Says how much JavaScript the page of `dist` loads at first, and each file beyond that, compressed; fails beyond the limit.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 200;
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kb = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length / 1000;
const first = [...readFileSync(`${dist}index.html`, "utf8").matchAll(/assets\/[\w.-]+\.js/g)].map(
  ([file]) => file,
);
const scripts = readdirSync(`${dist}assets`).filter((file) => file.endsWith(".js"));
const later = scripts.map((file) => `assets/${file}`).filter((file) => !first.includes(file));
const total = first.reduce((sum, file) => sum + kb(file), 0);
console.log(`at first: ${total.toFixed(1)} kB of ${LIMIT_KB}`);
for (const file of later.sort((a, b) => kb(b) - kb(a)))
  console.log(`${kb(file).toFixed(1).padStart(8)} kB  ${file}`);
if (total > LIMIT_KB) process.exit(1);
