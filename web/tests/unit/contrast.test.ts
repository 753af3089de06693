import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast } from "./support/contrast";

const css = readFileSync("src/styles/tokens.css", "utf8");
const themes = ["light", "dark", "contrast"] as const;
type Theme = (typeof themes)[number];

function tokens(theme: Theme): (name: string) => string {
  const block = css.split(`[data-theme="${theme}"] {`)[1]?.split("}")[0] ?? "";
  const found = new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, k, v]) => [k, v]));
  return (name) => {
    const value = found.get(name);
    if (!value) throw new Error(`${theme} has no --${name}`);
    return value;
  };
}

const grounds = ["background", "card", "head", "hover", "selected"];

/** On the card, and the lowest on any ground, as the table of the design has them. */
const text: Record<string, Record<Theme, [number, number]>> = {
  foreground: { light: [16.5, 12.4], dark: [13.7, 9.1], contrast: [21, 11.7] },
  "muted-text": { light: [7.0, 5.3], dark: [7.2, 4.8], contrast: [15.9, 8.9] },
  primary: { light: [6.9, 5.2], dark: [7.5, 5.0], contrast: [16, 8.9] },
  start: { light: [6.9, 5.2], dark: [7.5, 5.0], contrast: [12.6, 7.0] },
  ok: { light: [7.1, 5.4], dark: [8.2, 5.5], contrast: [16.2, 9.0] },
  drain: { light: [7.4, 5.6], dark: [7.4, 4.9], contrast: [12.3, 6.8] },
  warn: { light: [7.4, 5.6], dark: [8.9, 5.9], contrast: [14.6, 8.1] },
  bad: { light: [7.4, 5.6], dark: [7.5, 5.0], contrast: [10.5, 5.8] },
  lead: { light: [6.7, 5.0], dark: [8.5, 5.6], contrast: [15.4, 8.6] },
};

/** How far a figure of the table, which has one decimal, may be off. */
const ROUNDING = 0.11;

describe.each(themes)("the colours of the %s theme", (theme) => {
  const token = tokens(theme);
  const lowest = (name: string): number =>
    Math.min(...grounds.map((ground) => contrast(token(name), token(ground))));

  it.each(Object.keys(text))("%s holds on every ground what the design says", (name) => {
    const [card, least] = text[name]?.[theme] ?? [0, 0];
    expect(contrast(token(name), token("card"))).toBeGreaterThan(card - ROUNDING);
    expect(lowest(name)).toBeGreaterThan(least - ROUNDING);
    expect(lowest(name)).toBeGreaterThan(4.5);
  });

  it.each(["ok", "start", "drain", "warn", "bad"])("%s holds 5.6 on its soft colour", (name) => {
    expect(contrast(token(name), token(`${name}-soft`))).toBeGreaterThan(5.6 - ROUNDING);
  });

  it("edges of controls hold 3, and text on fills 4.5", () => {
    expect(contrast(token("control"), token("card"))).toBeGreaterThan(3);
    for (const [on, fill] of [
      ["on-primary", "primary"],
      ["on-lead", "lead-fill"],
      ["on-inverse", "inverse"],
    ] as const) {
      expect(contrast(token(on), token(fill))).toBeGreaterThan(4.5);
    }
  });

  it("lines of charts are seen on the card", () => {
    const least = { light: 3.2, dark: 4.6, contrast: 8.0 }[theme] - ROUNDING;
    for (const n of [1, 2, 3, 4, 5])
      expect(contrast(token(`series-${n}`), token("card")), `series ${n}`).toBeGreaterThan(least);
  });
});
