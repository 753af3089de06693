import type { KeyboardEvent } from "react";

/** `j` and `k` go from row to row by their first link, `Enter` follows it, `o` too. */
export function useRowKeys(): (event: KeyboardEvent) => void {
  return (event) => {
    const step = { j: 1, k: -1 }[event.key];
    const target = event.target as HTMLElement;
    if (step === undefined || target.closest("input, dialog, [role=menu]")) return;
    const links = [
      ...event.currentTarget.querySelectorAll<HTMLElement>("[data-testid=instance-row] a:last-of-type"),
    ];
    const at = links.findIndex((link) => link.closest("tr") === target.closest("tr"));
    links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
    event.preventDefault();
  };
}
