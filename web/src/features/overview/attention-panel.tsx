import { CircleCheck, CircleX, Flag, TriangleAlert } from "lucide-react";
import { memo, useState } from "react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { markOf, useAcknowledged } from "@/shared/attention/acknowledged";
import { type ShownItem, useAttentionItems } from "@/shared/attention/use-items";
import { useEvents } from "@/shared/events/store";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { cn } from "@/shared/lib/utils";
import { useHeld } from "@/shared/live/use-held";
import { Age } from "@/shared/time/age";
import { Moment } from "@/shared/time/moment";
import { useKeeping } from "@/shared/url/links";
import { useMoment } from "@/shared/url/moment";

/** It keeps the height of so many rows, so that what is below does not move. */
const ROWS = 3;

const looks = {
  bad: { icon: CircleX, tone: "text-bad" },
  warn: { icon: TriangleAlert, tone: "text-warn" },
  healed: { icon: Flag, tone: "text-muted-foreground" },
};

const words = { bad: "bad", warn: "warning", healed: "taken over" };

/** The verdict: what needs somebody, since when, and where to go. */
export const AttentionPanel = memo(function AttentionPanel() {
  const items = useAttentionItems();
  const [all, setAll] = useState(false);
  const { unknownSince } = useTruth();
  const past = useMoment() !== null;
  const open = items.filter(({ severity, acknowledged }) => severity !== "healed" && !acknowledged);
  const healed = items.filter(({ severity }) => severity === "healed");
  const shown = all ? items : items.slice(0, items.length > ROWS ? ROWS - 1 : ROWS);
  const more = items.length - shown.length;
  const bad = open.some(({ severity }) => severity === "bad");
  const Icon = open.length === 0 ? CircleCheck : bad ? CircleX : TriangleAlert;
  return (
    <section aria-label="Attention" className="shrink-0 border-border border-b bg-card">
      <header className="flex h-8 items-center gap-2 border-border border-b px-4 max-xl:px-3">
        <h2 className="font-semibold text-panel">Attention</h2>
        {past ? (
          <p className="text-muted-foreground">
            You are viewing the past: what needs somebody now is not shown
          </p>
        ) : unknownSince !== null ? (
          <p className="font-medium text-bad">
            Nothing can be said of now: Aegis cannot see since{" "}
            <Moment at={new Date(unknownSince).toISOString()} />
          </p>
        ) : (
          <p
            className={cn(
              "flex items-center gap-1",
              open.length === 0
                ? "text-muted-foreground"
                : bad
                  ? "font-medium text-bad"
                  : "font-medium text-warn",
            )}
          >
            <Icon aria-hidden="true" className="size-3.5" />
            {open.length === 0
              ? "Nothing needs anybody"
              : `${open.length} ${open.length === 1 ? "needs" : "need"} somebody`}
          </p>
        )}
        {!past && <LastChange />}
        <span className="ml-auto text-muted-foreground">
          {healed.length > 0 && `${plural(healed.length, "failover")} in the last hour, taken over`}
        </span>
      </header>
      <ol className="min-h-[5.25rem] max-lg:min-h-[3.5rem]">
        {shown.map((item) => (
          <Line key={item.key} item={item} />
        ))}
        {items.length === 0 && !past && (
          <li className="flex h-7 items-center px-4 text-muted-foreground max-xl:px-3">
            What fails, and what others took over within the last hour, stands here.
          </li>
        )}
        {(more > 0 || all) && items.length > ROWS && (
          <li className="flex h-7 items-center px-3 max-xl:px-2">
            <Button variant="ghost" className="h-6 px-1 text-muted-foreground" onClick={() => setAll(!all)}>
              {all ? "Fewer" : plural(more, "more", "more")}
            </Button>
          </li>
        )}
      </ol>
    </section>
  );
});

function LastChange() {
  const at = useHeld(useEvents((s) => s.events?.at(-1)?.time));
  if (at === undefined) return null;
  return (
    <span className="text-muted-foreground">
      · last change <Moment at={at} />
    </span>
  );
}

function Line({ item }: { item: ShownItem }) {
  const keeping = useKeeping();
  const toggle = useAcknowledged((s) => s.toggle);
  const { icon: Icon, tone } = looks[item.severity];
  const muted = item.severity === "healed" || item.acknowledged;
  return (
    <li
      data-testid="attention"
      data-severity={item.severity}
      className="flex h-7 items-center gap-2 border-border border-b px-4 last:border-b-0 max-xl:px-3"
    >
      <Icon aria-hidden="true" className={cn("size-3.5 shrink-0", muted ? "text-muted-foreground" : tone)} />
      <span className="sr-only">{words[item.severity]} </span>
      <span
        className={cn("w-52 shrink-0 truncate max-lg:w-36", muted ? "text-muted-foreground" : "font-medium")}
      >
        {item.subject}
      </span>{" "}
      <span className={cn("min-w-0 flex-1 truncate", muted && "text-muted-foreground")} title={item.text}>
        {item.text}
      </span>{" "}
      <span className="w-16 shrink-0 text-right text-muted-foreground">
        {item.since !== null && <Age since={new Date(item.since).toISOString()} short />}
      </span>
      <Button asChild variant="ghost" className="h-6 w-20">
        <Link to={keeping(item.to)}>{item.action}</Link>
      </Button>
      {item.severity === "healed" ? (
        <span className="w-16" />
      ) : (
        <Button
          variant="ghost"
          className="h-6 w-16 font-normal text-muted-foreground"
          title={
            item.acknowledged ? "Put it back among those that need somebody" : "Acknowledge, in this browser"
          }
          onClick={() => toggle(markOf(item))}
        >
          {item.acknowledged ? "Unack" : "Ack"}
        </Button>
      )}
    </li>
  );
}
