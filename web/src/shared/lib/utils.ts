import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

export function cn(...inputs: ClassValue[]): string {
  return twMerge(clsx(inputs));
}

/** Orders `x-2` before `x-10`. */
const collator = new Intl.Collator("en", { numeric: true });
export const compareNatural = (a: string, b: string): number => collator.compare(a, b);
