/** The colours of the style sheet that a canvas draws in. */
export const tokens = [
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "bad",
  "warn",
  "foreground",
  "muted-text",
  "border",
  "card",
  "head",
  "primary",
] as const;
export type Token = (typeof tokens)[number];
export type Colors = Readonly<Record<Token, string>>;

/** As they are now: a canvas does not follow the style sheet, so whoever draws asks again when the theme changes. */
export function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    tokens.map((token) => [token, style.getPropertyValue(`--${token}`).trim()]),
  ) as Colors;
}

/** `#rrggbb` with this much of it. */
export const faint = (color: string, share: number): string =>
  `${color}${Math.round(share * 255)
    .toString(16)
    .padStart(2, "0")}`;
