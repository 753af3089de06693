import { useLocation } from "react-router";
import { usePrinting } from "@/shared/lib/printing";
import { useSession } from "@/shared/session/store";
import { useSystem } from "@/shared/system/store";
import { serverNow } from "@/shared/time/clock";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";

/** On paper only: where this is from, when and by whom it was printed. The address says what was filtered. */
export function PrintHead() {
  const printing = usePrinting((s) => s.printing);
  const { pathname, search } = useLocation();
  const namespace = useSystem((s) => s.system?.namespace);
  const viewer = useSession((s) => s.viewer);
  const zone = useZone((s) => s.zone);
  if (!printing) return null;
  return (
    <p className="border-border border-b px-3 py-1 text-xs" data-testid="print-head">
      Aegis, namespace {namespace ?? "—"} · {decodeURIComponent(pathname + search)} · printed{" "}
      {formatMoment(serverNow(), zone)} by {viewer?.name ?? "nobody"}
    </p>
  );
}
