import { Info, TriangleAlert } from "lucide-react";
import { plural } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { useEvery } from "@/shared/live/use-every";
import { Panel } from "@/shared/ui/panel";
import { ChangeList } from "./change-list";
import type { Content } from "./content";
import { changesBetween } from "./diff";
import { RunningOf } from "./documents";
import { effectsOf } from "./effect";

const EVERY_MS = 5_000;

interface Props {
  /** Empty while it has no name yet. */
  service: string;
  /** What the content is a change of; null for a new definition. */
  base: Content | null;
  content: Content;
}

/** What a definition means for what runs now, and for what starts later. */
export function EffectPanel({ service, base, content }: Props) {
  const { data } = useQuery(RunningOf, service === "" ? null : { service }, useEvery(EVERY_MS));
  const minute = data?.serviceSummaries.services.find(({ name }) => name === service)?.minute ?? null;
  const effects = effectsOf(base, content, data?.service?.instances ?? [], minute);
  return (
    <Panel title="Effect" note="on what runs now">
      <ul className="space-y-1.5">
        {effects.map(({ key, tone, text }) => {
          const Icon = tone === "warn" ? TriangleAlert : Info;
          return (
            <li key={key} className="flex items-start gap-2">
              <Icon
                aria-hidden="true"
                className={cn(
                  "mt-0.5 size-3.5 shrink-0",
                  tone === "warn" ? "text-warn" : "text-muted-foreground",
                )}
              />
              {text}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** What is different from what stands, while it is being written. */
export function ChangesPanel({ base, content }: Pick<Props, "base" | "content">) {
  const changes = changesBetween(base, content);
  return (
    <Panel title="Changes" note={base === null ? "all of it is new" : plural(changes.length, "line")}>
      <ChangeList changes={changes} none="Nothing is changed yet." />
    </Panel>
  );
}
