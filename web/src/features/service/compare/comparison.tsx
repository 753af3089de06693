import { useCallback, useMemo } from "react";
import { Chart } from "@/shared/chart/chart";
import { compareNatural } from "@/shared/lib/utils";
import { laidOver } from "@/shared/metrics/grid";
import { useSpan } from "@/shared/metrics/use-series";
import { formatSecond } from "@/shared/time/format";
import { useRange } from "@/shared/time/use-range";
import { useZone } from "@/shared/time/zone";
import { Panel } from "@/shared/ui/panel";
import { Loading, Problem } from "@/shared/ui/states";
import { eventsPath } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import type { Versioned } from "../documents";
import { compareShape, pairOf, windowBefore } from "./choice";
import { Choices } from "./choices";
import { DifferenceTable } from "./difference-table";
import { differencesOf } from "./differences";
import { overlaysOf } from "./overlays";
import { type Subject, useSide } from "./use-side";

interface Props {
  service: string;
  instances: readonly Versioned[];
  versions: readonly string[];
}

const all: Subject = { kind: "one", instance: null };

/** Two windows, instances or versions over each other, and as a table of their differences. */
export function Comparison({ service, instances, versions }: Props) {
  const [choice, set] = useUrlState(compareShape);
  const [range, setRange] = useRange();
  const zone = useZone((s) => s.zone);
  const span = useSpan(range);
  const { compare, b: before } = choice;
  const names =
    compare === "instances" ? instances.map(({ instance }) => instance).sort(compareNatural) : versions;
  const pair = compare === "windows" ? null : pairOf(names, choice);
  const other = useMemo(
    () => (compare === "windows" ? windowBefore(span, before) : span),
    [compare, span, before],
  );
  const subjectOf = (name: string | undefined): Subject | null => {
    if (compare === "windows") return all;
    if (name === undefined) return null;
    if (compare === "instances") return { kind: "one", instance: name };
    return { kind: "many", ids: instances.filter(({ version }) => version === name).map(({ id }) => id) };
  };
  const { grid: first, error: firstError } = useSide(service, subjectOf(pair?.[0]), span);
  const { grid: second, error: secondError } = useSide(service, subjectOf(pair?.[1]), other);
  const error = firstError ?? secondError;
  const labels =
    compare === "windows"
      ? [`from ${formatSecond(span.from, zone)}`, `from ${formatSecond(other.from, zone, span.from)}`]
      : (pair ?? ["", ""]);
  const [a = "", b = ""] = labels;
  const both = useMemo(() => {
    if (!first || !second) return null;
    const over = laidOver(first, second);
    return {
      charts: overlaysOf({ label: a, samples: first.points }, { label: b, samples: over }),
      differences: differencesOf(first.points, second.points),
    };
  }, [first, second, a, b]);
  const listOf = useCallback((from: number, to: number) => eventsPath({ service, from, to }), [service]);
  const iso = (seconds: number): string => new Date(Math.round(seconds * 1_000)).toISOString();
  const none = compare !== "windows" && pair === null;
  return (
    <Panel title="Compare" bodyClass="p-0">
      <Choices choice={choice} names={names} pair={pair} set={set} />
      {none && (
        <p className="border-border border-t p-3 text-muted-foreground">
          There is only one {compare === "instances" ? "instance" : "version"}: nothing to compare it with.
        </p>
      )}
      {error && <Problem error={error} />}
      {!none && !both && !error && <Loading what="the figures" />}
      {!none && both && first && (
        <>
          <DifferenceTable a={a} b={b} rows={both.differences} />
          <div className="@container p-3">
            <div className="grid grid-cols-1 gap-3 @min-[44rem]:grid-cols-2 @min-[76rem]:grid-cols-3">
              {both.charts.map((spec) => (
                <Chart
                  key={spec.title}
                  spec={spec}
                  times={first.times}
                  span={span}
                  markers={[]}
                  onZoom={(from, to) => setRange({ from: iso(from), to: iso(to) })}
                  onBack={() => {}}
                  listOf={listOf}
                />
              ))}
            </div>
          </div>
          {compare === "versions" && (
            <p className="px-3 pb-3 text-muted-foreground text-xs">
              Calls of all instances of a version add up; its p99 is that of its slowest instance, because
              quantiles do not add up.
            </p>
          )}
        </>
      )}
    </Panel>
  );
}
