import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** What `main.ts` begins with is named in the page: the browser need not run that file to know of it. */
const preloadStart: Plugin = {
  name: "preload-start",
  transformIndexHtml: {
    order: "post",
    handler(html, { bundle }) {
      const files = new Set<string>();
      const take = (file: string): void => {
        const chunk = bundle?.[file];
        if (files.has(file) || chunk?.type !== "chunk") return;
        files.add(file);
        for (const each of chunk.imports) take(each);
      };
      for (const [file, chunk] of Object.entries(bundle ?? {}))
        if (chunk.type === "chunk" && chunk.facadeModuleId?.endsWith("/src/app/start.tsx")) take(file);
      const unnamed = [...files].filter((file) => !html.includes(file));
      return unnamed.map((file) => ({
        tag: "link",
        attrs: { rel: "modulepreload", crossorigin: true, href: `./${file}` },
        injectTo: "head" as const,
      }));
    },
  },
};

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
        // Dozens of small files that most screens share would each be a request of its own.
        codeSplitting: {
          groups: [
            {
              name: "common",
              test: /\/src\/(?!shared\/(url\/base|graphql\/(early|exact|live-url)))|lucide-react/,
              minShareCount: 7,
              includeDependenciesRecursively: false,
            },
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
