import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

const require = createRequire(import.meta.url);
const source = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { version } = require("axe-core/package.json") as { version: string };

/** Where the summary goes: see `README.md`. */
const folder = process.env.AEGIS_AXE ?? path.resolve("../target/axe");
/** All workers of one run have the runner as their parent. */
const kept = path.join(folder, `looks-${process.ppid}.ndjson`);

export interface Look {
  path: string;
  /** `as it is`, `empty`, `denied` and so on. */
  state: string;
  theme: string;
}

type Seen = Look & {
  /** Of WCAG 2.1 A and AA whatever their impact, and what else is serious. */
  violations: string[];
  /** Of all other rules. */
  minor: string[];
};

/** Evaluated through the debugger, which the page's own CSP does not bind. Answers the violations, and keeps them for the summary. */
export async function violations(page: Page, look: Look): Promise<string[]> {
  await page.evaluate(source);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run: (options: unknown) => Promise<AxeResults> } }).axe.run({
      resultTypes: ["violations"],
    }),
  );
  const counts = ({ impact, tags }: AxeResults["violations"][number]): boolean =>
    impact === "serious" || impact === "critical" || tags.some((tag) => tag.startsWith("wcag2"));
  const worded = ({ id, nodes }: AxeResults["violations"][number]): string =>
    `${id}: ${nodes.map((node) => node.html).join(" | ")}`;
  const seen: Seen = {
    ...look,
    violations: results.violations.filter(counts).map(worded),
    minor: results.violations.filter((each) => !counts(each)).map(({ id }) => id),
  };
  mkdirSync(folder, { recursive: true });
  appendFileSync(kept, `${JSON.stringify(seen)}\n`);
  return seen.violations;
}

/** Writes `summary.md` and `summary.json` out of all looks of this run so far. */
export function summarize(): void {
  let text: string;
  try {
    text = readFileSync(kept, "utf8");
  } catch {
    return;
  }
  const looks = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Seen);
  writeFileSync(path.join(folder, "summary.json"), `${JSON.stringify({ axe: version, looks }, null, 2)}\n`);
  writeFileSync(path.join(folder, "summary.md"), markdownOf(looks));
}

/** Nothing of an earlier run is taken for one of this. */
export function forget(): void {
  rmSync(folder, { recursive: true, force: true });
}

function markdownOf(looks: readonly Seen[]): string {
  const themes = [...new Set(looks.map(({ theme }) => theme))];
  const rows = new Map<string, Map<string, Seen>>();
  for (const look of looks) {
    const key = `\`${look.path}\` | ${look.state}`;
    rows.set(key, (rows.get(key) ?? new Map()).set(look.theme, look));
  }
  const cell = (look: Seen | undefined): string => {
    if (look === undefined) return "—";
    const ids = look.violations.map((each) => each.split(":", 1)[0]);
    const minor = look.minor.length > 0 ? ` (${look.minor.join(", ")})` : "";
    return `${ids.length === 0 ? "0" : `**${ids.length}**: ${ids.join(", ")}`}${minor}`;
  };
  const total = looks.reduce((sum, { violations: found }) => sum + found.length, 0);
  return [
    "# What axe says of the page",
    "",
    `axe-core ${version}, ${new Date().toISOString()}: ${looks.length} looks, ${total} violations of WCAG 2.1 A and AA or of a serious`,
    "or critical rule. What other rules say stands in brackets.",
    "",
    `| address | state | ${themes.join(" | ")} |`,
    `|---|---|${themes.map(() => "---|").join("")}`,
    ...[...rows].map(([key, of]) => `| ${key} | ${themes.map((theme) => cell(of.get(theme))).join(" | ")} |`),
    "",
  ].join("\n");
}
