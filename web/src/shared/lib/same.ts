import { useRef } from "react";

/** Whether two values out of JSON say the same, but for the fields named, which objects of any depth may have. */
export function isSame(a: unknown, b: unknown, but: readonly string[] = []): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [before, now] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => but.includes(key) || (key in now && isSame(before[key], now[key], but)));
}

/** The former value as long as the new one says the same by this rule, so that what shows it is not drawn anew. */
export function useKept<T>(value: T, isSaid: (before: T, now: T) => boolean): T {
  const kept = useRef(value);
  if (!isSaid(kept.current, value)) kept.current = value;
  return kept.current;
}

/** The same of values out of JSON. */
export const useSame = <T>(value: T, but?: readonly string[]): T =>
  useKept(value, (before, now) => isSame(before, now, but));
