import { useEffect, useState } from "react";
import { client } from "@/shared/graphql/client";
import type { Window } from "@/shared/time/range";
import { MemberStates } from "./documents";

/** The span moves in steps, so that the question stays the same for a while. */
const STEP_MS = 10_000;
/** Of so many members at most: as many as have a lane. */
const MOST = 12;

type Unwell = ReadonlyMap<string, readonly Window[]>;

const nobody: Unwell = new Map();

/** When each of these members was unhealthy within the span. */
export function useUnwell(service: string, instances: readonly string[], span: Window): Unwell {
  const [found, setFound] = useState<Unwell>(nobody);
  const from = Math.floor(span.from / STEP_MS) * STEP_MS;
  const to = Math.ceil(span.to / STEP_MS) * STEP_MS;
  const names = JSON.stringify(instances.slice(0, MOST));
  useEffect(() => {
    let ended = false;
    const ask = async (instance: string): Promise<[string, Window[]]> => {
      const { data } = await client
        .query(MemberStates, {
          service,
          instance,
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
        })
        .toPromise();
      const bad = (data?.lifeline.stretches ?? []).filter(({ status }) => status === "UNHEALTHY");
      return [
        instance,
        bad.map((each) => ({ from: Date.parse(each.from), to: each.to === null ? to : Date.parse(each.to) })),
      ];
    };
    void Promise.all((JSON.parse(names) as string[]).map(ask)).then(
      (all) => !ended && setFound(new Map(all.filter(([, runs]) => runs.length > 0))),
    );
    return () => {
      ended = true;
    };
  }, [service, names, from, to]);
  return found;
}
