import type { ReactNode } from "react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { useNotified } from "@/shared/attention/notified";
import type { ShownItem } from "@/shared/attention/use-items";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { useKeeping } from "@/shared/url/links";
import { useDesktop } from "./desktop";
import { ItemLine } from "./item-line";
import { WebhookRow } from "./webhook-row";

/** What needs somebody, what somebody has seen, and what came and went since the page was opened. */
export default function Notifications({ items }: { items: readonly ShownItem[] }) {
  const standing = items.filter(({ severity }) => severity !== "healed");
  const open = standing.filter(({ acknowledged }) => !acknowledged);
  const seen = standing.filter(({ acknowledged }) => acknowledged);
  const gone = useNotified((s) => s.all).filter(({ over }) => over !== null);
  const zone = useZone((s) => s.zone);
  const keeping = useKeeping();
  const at = (moment: number): string => formatSecond(moment, zone);
  return (
    <div className="flex flex-col">
      <Part title="Needs somebody">
        {open.length === 0 && <p className="px-3 py-1 text-muted-foreground">Nothing needs anybody.</p>}
        {open.map((item) => (
          <ItemLine key={item.key} item={item} />
        ))}
      </Part>
      {seen.length > 0 && (
        <Part title="Acknowledged, silenced">
          {seen.map((item) => (
            <ItemLine key={item.key} item={item} />
          ))}
        </Part>
      )}
      {gone.length > 0 && (
        <Part title="Came and went since this page was opened">
          {gone.map(({ mark, at: began, subject, text, to, over }) => (
            <Link
              key={`${mark} ${began}`}
              to={keeping(to)}
              className="flex gap-2 px-3 py-1 text-muted-foreground hover:bg-accent"
            >
              <span className="shrink-0 text-xs">
                {at(began)} to {at(over ?? began)}
              </span>
              <span className="min-w-0 truncate" title={text}>
                <span className="font-medium">{subject}</span> {text}
              </span>
            </Link>
          ))}
        </Part>
      )}
      <WebhookRow />
      <DesktopRow />
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="border-border border-b py-1">
      <h2 className="px-3 py-1 font-semibold text-xs">{title}</h2>
      {children}
    </section>
  );
}

const desktopWords = {
  on: "The desktop is told of what turns bad while this page is out of sight.",
  off: "The desktop is told nothing.",
  refused: "This browser does not let the page tell the desktop: allow it in its settings.",
  impossible: "This browser cannot tell the desktop.",
};

function DesktopRow() {
  const { wanted, toggle } = useDesktop();
  return (
    <div className="flex items-center gap-2 px-3 py-2">
      <p className="min-w-0 flex-1 text-muted-foreground text-xs">{desktopWords[wanted]}</p>
      {(wanted === "on" || wanted === "off") && (
        <Button variant="outline" aria-pressed={wanted === "on"} onClick={() => void toggle()}>
          {wanted === "on" ? "Stop telling it" : "Tell the desktop"}
        </Button>
      )}
    </div>
  );
}
