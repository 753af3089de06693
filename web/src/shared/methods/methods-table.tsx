import { ArrowDown, ArrowUp } from "lucide-react";
import { Figure } from "@/shared/figures/figure";
import { count, latency, percent, rate } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { lasting, noLimits, overErrors, overP99 } from "@/shared/limits/limits";
import { useLimitsOf } from "@/shared/limits/store";
import { useEvery } from "@/shared/live/use-every";
import { useNow } from "@/shared/time/clock";
import { InstanceLink } from "@/shared/ui/object-link";
import { PresentOnly } from "@/shared/ui/present-only";
import { Sparkline } from "@/shared/ui/sparkline";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { oneOf } from "@/shared/url/codec";
import { useUrlState } from "@/shared/url/use-url-state";
import { type Method, MethodsOf } from "./documents";
import {
  callsOf,
  codesOf,
  failingSince,
  type MethodOrder,
  methodOrders,
  roleWords,
  sortMethods,
} from "./methods";

const EVERY_MS = 5_000;
const shape = { methods: oneOf(methodOrders, "errors") };

interface Column {
  label: string;
  title: string;
  order?: MethodOrder;
  right?: boolean;
  shown?: string;
}

const wide = "hidden @min-[52rem]:table-cell";
const wider = "hidden @min-[68rem]:table-cell";

const columns: readonly Column[] = [
  { label: "Method", title: "Method, event or command", order: "name" },
  { label: "Role", title: "What is done with it", shown: "hidden @min-[34rem]:table-cell" },
  { label: "Calls/s", title: "Calls a second, in the last minute", order: "calls", right: true },
  { label: "p50 ms", title: "Half of the calls took no longer", order: "p50", right: true, shown: wide },
  { label: "p99 ms", title: "99 of 100 calls took no longer", order: "p99", right: true },
  { label: "Errors %", title: "Calls that failed in the last minute", order: "errors", right: true },
  {
    label: "In flight",
    title: "Under way, by the last heartbeats",
    order: "flight",
    right: true,
    shown: wide,
  },
  { label: "5 min", title: "Calls a second over the last five minutes", shown: wide },
  { label: "Worst instance", title: "Failed most often, or took longest", shown: wide },
  { label: "Failures by code", title: "Since the instances started", shown: wider },
];

interface Props {
  service: string;
  /** Null for all instances of the service. */
  instance: string | null;
}

/** What is called, how fast it is and what fails, for each method. */
export function MethodsTable({ service, instance }: Props) {
  const [{ methods: order }, set] = useUrlState(shape);
  const { data, error, again } = useQuery(MethodsOf, { service, instance }, useEvery(EVERY_MS));
  if (!data)
    return error ? (
      <ErrorView error={error} onRetry={again} />
    ) : (
      <Loading what="the methods" onRetry={again} />
    );
  if (data.methods.length === 0) {
    return (
      <p className="p-3 text-muted-foreground">
        Nothing has been called, served, published or handled by name since {instance ?? "its instances"}{" "}
        started.
      </p>
    );
  }
  const sorted = sortMethods(data.methods, order);
  const most = Math.max(...sorted.flatMap(({ trace }) => trace.map(({ calls }) => Number(calls) / 10)));
  return (
    <div className="@container">
      <PresentOnly />
      {error && <Problem error={error} onRetry={again} />}
      <table aria-label="Methods" className="w-full border-collapse">
        <thead className="bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]">
          <tr>
            {columns.map((column) => (
              <Head key={column.label} column={column} order={order} onOrder={(by) => set({ methods: by })} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((method) => (
            <Row key={`${method.role} ${method.name}`} service={service} method={method} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps {
  column: Column;
  order: MethodOrder;
  onOrder: (by: MethodOrder) => void;
}

function Head({ column: { label, title, order: by, right, shown }, order, onOrder }: HeadProps) {
  const sorted = by === order;
  const Arrow = by === "name" ? ArrowUp : ArrowDown;
  return (
    <th
      scope="col"
      title={title}
      aria-sort={sorted ? (by === "name" ? "ascending" : "descending") : undefined}
      className={cn(
        "h-7 whitespace-nowrap px-2 font-medium text-muted-foreground first:pl-3",
        right && "text-right",
        shown,
      )}
    >
      {by === undefined ? (
        label
      ) : (
        <button
          type="button"
          className={cn(
            "-mx-1 inline-flex h-6 cursor-pointer items-center gap-0.5 rounded-sm px-1 hover:bg-accent hover:text-foreground",
            sorted && "text-foreground",
          )}
          onClick={() => onOrder(by)}
        >
          {label}
          <span className="w-3.5">{sorted && <Arrow aria-hidden="true" className="size-3" />}</span>
        </button>
      )}
    </th>
  );
}

const number = "whitespace-nowrap px-2 text-right";

function Row({ service, method, most }: { service: string; method: Method; most: number }) {
  const now = useNow();
  const own = useLimitsOf(service);
  const { name, role, minute, inFlight, worstInstance, codes, trace, instances } = method;
  // A definition speaks of what the service serves, not of what it calls.
  const limits = role === "SERVE" ? own : noLimits;
  const failing = failingSince(trace, limits.errorPercent, now);
  return (
    <tr
      data-testid="method-row"
      data-method={name}
      data-role={role}
      className="h-row border-border border-b bg-card last:border-b-0 hover:bg-accent"
    >
      <td className="max-w-72 truncate px-2 pl-3 font-medium" title={name}>
        {name}
      </td>
      <td className="hidden whitespace-nowrap px-2 text-muted-foreground @min-[34rem]:table-cell">
        {roleWords[role]}
      </td>
      <td className={number}>
        <Figure text={rate(minute.callsPerSecond)} />
      </td>
      <td className={cn(number, wide)}>
        <Figure text={latency(minute.p50Ms)} />
      </td>
      <td className={number}>
        <Figure text={latency(minute.p99Ms)} over={overP99(limits, minute.p99Ms)} />
      </td>
      <td className={number} title={`${count(minute.errors)} of ${count(minute.calls)} in the last minute`}>
        <Figure
          text={percent(minute.errorPercent)}
          over={lasting(overErrors(limits, minute.errorPercent), failing, now)}
        />
      </td>
      <td className={cn(number, wide)}>
        <Figure text={count(inFlight)} />
      </td>
      <td className={cn("px-2", wide)}>
        <Sparkline values={callsOf(trace, now)} most={most} />
      </td>
      <td className={cn("px-2", wide)}>
        {worstInstance === null ? (
          <span className="text-muted-foreground">—</span>
        ) : (
          <span className="flex items-baseline gap-1.5">
            <InstanceLink service={service} instance={worstInstance} className="font-normal" />
            <span className="whitespace-nowrap text-muted-foreground text-xs">of {count(instances)}</span>
          </span>
        )}
      </td>
      <td
        className={cn("w-full max-w-0 truncate px-2 text-muted-foreground text-xs", wider)}
        title={codesOf(codes)}
      >
        {codesOf(codes) || "—"}
      </td>
    </tr>
  );
}
