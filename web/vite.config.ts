import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin, Rolldown } from "vite";
import { defineConfig } from "vitest/config";

/** What `main.ts` begins with is named in the page: the browser need not run that file to know of it. */
const preloadStart: Plugin = {
  name: "preload-start",
  transformIndexHtml: {
    order: "post",
    handler(_html, { bundle }) {
      const files = new Set<string>();
      const take = (file: string): void => {
        const chunk = bundle?.[file];
        // The page names what it begins with itself.
        if (files.has(file) || chunk?.type !== "chunk" || chunk.isEntry) return;
        files.add(file);
        for (const each of chunk.imports) take(each);
      };
      for (const [file, chunk] of Object.entries(bundle ?? {}))
        if (chunk.type === "chunk" && chunk.moduleIds.some((id) => id.endsWith("/src/app/start.tsx")))
          take(file);
      return [...files].map((file) => ({
        tag: "link",
        attrs: { rel: "modulepreload", crossorigin: true, href: `./${file}` },
        injectTo: "head" as const,
      }));
    },
  },
};

type Graph = Pick<Rolldown.ChunkingContext, "getModuleInfo">;

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** A module and all that it imports at once, but for these. */
function reachedFrom(start: string, graph: Graph, without: Set<string>): Set<string> {
  const found = new Set<string>();
  const take = (id: string): void => {
    if (found.has(id) || without.has(id) || id.endsWith("vite/preload-helper.js")) return;
    found.add(id);
    for (const each of graph.getModuleInfo(id)?.importedIds ?? []) take(each);
  };
  take(start);
  return found;
}

let reached: Set<string> | undefined;

/** All modules that the page begins with, but for those of `main.ts`, which come before anything else. */
function beginning(graph: Graph): Set<string> {
  reached ??= reachedFrom(source("app/start.tsx"), graph, reachedFrom(source("main.ts"), graph, new Set()));
  return reached;
}

const target = process.env.AEGIS_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss(), preloadStart],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Relative to `<base>`, which the server writes: it may be reached under a path.
  base: "./",
  build: {
    outDir: "dist",
    target: "es2022",
    // The page runs under `default-src 'self'`: no data: URLs and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Dozens of small files would each be a request of its own: what the page begins with is one file, and what
        // several screens share is another.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              debugName: "first",
              name: (id, graph) => (beginning(graph).has(id) ? "first" : null),
              priority: 1,
            },
            { name: "screens", test: /\/src\//, minShareCount: 6 },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/graphql": { target, ws: true },
      "/api": { target },
      "/login": { target },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "tests/unit/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
