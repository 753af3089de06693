import { existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** The built page as the binary serves it: strict CSP, index.html for every other path, 404 for a missing asset. */
export function serveStatic(path: string, response: ServerResponse, root = "dist"): void {
  const wanted = join(root, normalize(path));
  const isFile = path !== "/" && existsSync(wanted) && extname(wanted) !== "";
  if (!isFile && path.startsWith("/assets/")) {
    response.writeHead(404).end();
    return;
  }
  const file = isFile ? wanted : join(root, "index.html");
  if (!existsSync(file)) {
    response
      .writeHead(503, { "content-type": "text/plain" })
      .end("run `npm run build` first, or use `npm run dev:mock`\n");
    return;
  }
  response.writeHead(200, {
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'self'",
  });
  const page = readFileSync(file);
  // What the page asks for counts from here, also on deeper paths.
  response.end(extname(file) === ".html" ? String(page).replace("<head>", '<head><base href="/" />') : page);
}
