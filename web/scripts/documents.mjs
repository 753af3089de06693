// Writes `documents.json`: every GraphQL document of the page under the SHA-256 of its text, as the page sends it. A control
// plane can be told to run only these for viewers.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stringifyDocument } from "@urql/core";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readdirSync(`${root}/src`, { recursive: true }).filter((file) => /\.tsx?$/.test(file));
const files = sources.filter((file) => readFileSync(`${root}/src/${file}`, "utf8").includes("graphql(`"));
const elsewhere = files.filter((file) => !file.endsWith("/documents.ts"));
if (elsewhere.length > 0) {
  throw new Error(
    `GraphQL documents stand in files named documents.ts, so that all are found; not in ${elsewhere}`,
  );
}
const vite = await createServer({
  root,
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false },
});
const documents = [];
for (const file of files.sort()) {
  const module = await vite.ssrLoadModule(`/src/${file}`);
  for (const each of Object.values(module)) {
    if (each?.kind !== "Document") continue;
    if (each.definitions.some((definition) => definition.kind === "OperationDefinition"))
      documents.push(each);
  }
}
await vite.close();
const texts = documents
  .map(stringifyDocument)
  .map((text) => [createHash("sha256").update(text).digest("hex"), text]);
const sorted = Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(`${root}/documents.json`, `${JSON.stringify(sorted, null, 2)}\n`);
