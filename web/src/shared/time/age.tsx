import { useNow } from "./clock";
import { formatAge } from "./format";

/** How long ago, ticking; `frozenAt` stops it where the data on the page is no longer current. */
export function Age({ since, frozenAt = null }: { since: string | null; frozenAt?: number | null }) {
  const now = useNow();
  if (since === null) return <span className="text-muted-foreground">never</span>;
  return <span>{formatAge((frozenAt ?? now) - Date.parse(since))}</span>;
}
