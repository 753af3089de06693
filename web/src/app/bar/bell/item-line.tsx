import { CircleX, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { markOf, useAcknowledged } from "@/shared/attention/acknowledged";
import { useSilences } from "@/shared/attention/silences";
import type { ShownItem } from "@/shared/attention/use-items";
import { cn } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { useKeeping } from "@/shared/url/links";
import { SilenceForm } from "./silence-form";

/** One item with what can be done about its being told. */
export function ItemLine({ item }: { item: ShownItem }) {
  const [asking, setAsking] = useState(false);
  const keeping = useKeeping();
  const toggle = useAcknowledged((s) => s.toggle);
  const end = useSilences((s) => s.end);
  const bad = item.severity === "bad";
  const Icon = bad ? CircleX : TriangleAlert;
  const tone = bad ? "text-bad" : "text-warn";
  return (
    <div data-testid="notification" className="px-3 py-1">
      <div className="flex items-start gap-2">
        <Icon
          aria-hidden="true"
          className={cn("mt-1 size-3.5 shrink-0", item.acknowledged ? "text-muted-foreground" : tone)}
        />
        <Link to={keeping(item.to)} className="min-w-0 flex-1 rounded-sm py-0.5 hover:underline">
          <span className="font-medium">{item.subject}</span> {item.text}
          {item.since !== null && (
            <span className="text-muted-foreground">
              {" "}
              · <Age since={new Date(item.since).toISOString()} short />
            </span>
          )}
        </Link>
        {item.silence ? (
          <Button variant="ghost" className="h-6" onClick={() => end(item.key)}>
            End silence
          </Button>
        ) : (
          <>
            <Button variant="ghost" className="h-6" onClick={() => toggle(markOf(item))}>
              {item.seen ? "Put back" : "Acknowledge"}
            </Button>
            <Button variant="ghost" className="h-6" aria-expanded={asking} onClick={() => setAsking(!asking)}>
              Silence…
            </Button>
          </>
        )}
      </div>
      <Told item={item} />
      {asking && !item.silence && <SilenceForm item={item} onDone={() => setAsking(false)} />}
    </div>
  );
}

/** Who has seen it, or silenced it, and why. */
function Told({ item: { seen, silence } }: { item: ShownItem }) {
  const zone = useZone((s) => s.zone);
  if (!seen && !silence) return null;
  return (
    <p className="pl-5.5 text-muted-foreground text-xs">
      {silence
        ? `Silenced by ${silence.by} until ${formatSecond(silence.until, zone, Date.now())}: ${silence.reason}`
        : seen && `Acknowledged by ${seen.by}, ${formatSecond(seen.at, zone, Date.now())}`}
    </p>
  );
}
