import { CircleCheck, Info, OctagonAlert, TriangleAlert } from "lucide-react";
import { cn } from "@/shared/lib/utils";
import { Moment } from "@/shared/time/moment";
import { Empty } from "@/shared/ui/states";
import type { Finding, Severity } from "./findings";

const looks: Record<Severity, { icon: typeof Info; word: string; tone: string }> = {
  bad: { icon: OctagonAlert, word: "Bad", tone: "text-bad" },
  warn: { icon: TriangleAlert, word: "Warning", tone: "text-warn" },
  info: { icon: Info, word: "For information", tone: "text-muted-foreground" },
};

/** What is wrong, how one knows, since when, and what to do. */
export function FindingsTab({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) {
    return (
      <Empty title="Nothing is known to be wrong.">
        <CircleCheck aria-hidden="true" className="mr-1 inline size-3.5 text-ok" />
        What is found stands here under an id that stays the same.
      </Empty>
    );
  }
  return (
    <ul className="m-4 rounded border border-border bg-card max-xl:m-3">
      {findings.map(({ id, severity, title, evidence, since, remedy }) => {
        const { icon: Icon, word, tone } = looks[severity];
        return (
          <li
            key={id}
            data-testid="finding"
            data-id={id}
            className="flex items-start gap-3 border-border border-b px-3 py-2 last:border-b-0"
          >
            <Icon aria-hidden="true" className={cn("mt-0.5 size-4 shrink-0", tone)} />
            <div className="min-w-0 flex-1">
              <h3 className="font-semibold">
                <span className={tone}>{word}:</span> {title}
              </h3>
              <p>{evidence}</p>
              <p className="text-muted-foreground">What to do: {remedy}</p>
            </div>
            <div className="shrink-0 text-right text-muted-foreground text-xs">
              <code>{id}</code>
              {since && (
                <p>
                  since <Moment at={since} />
                </p>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
