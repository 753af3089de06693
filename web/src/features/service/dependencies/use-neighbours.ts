import { useEffect, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { useEvery } from "@/shared/live/use-every";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Near, ServiceNear, ServiceNearAsOf } from "../documents";
import { type Neighbours, neighbourOf, worstFirst } from "./neighbours";

const EVERY_MS = 5_000;
/** So many are asked for on each side. */
const MOST = 24;

type As = ReturnType<typeof asOfVariables>;

/** One service by its name, as it is or was; null where none is known. */
async function nearOf(name: string, as: As): Promise<Near | null> {
  const found =
    as === null
      ? await client.query(ServiceNear, { text: name }).then(({ data, error }) => {
          if (error) throw errorFromUrql(error);
          return data?.serviceSummaries;
        })
      : await client.query(ServiceNearAsOf, { ...as, text: name }).then(({ data, error }) => {
          if (error) throw errorFromUrql(error);
          return data?.asOf.serviceSummaries;
        });
  return found?.services.find((each) => each.name === name) ?? null;
}

/** Who was told of as calling whom. */
interface Known {
  calls: Set<string>;
  usedBy: Set<string>;
}

/**
 * The control plane tells of calls of instances that are heard alone: a caller that falls silent would vanish, just when it
 * matters. So what was told stays known as long as the page of the service stands.
 */
async function neighboursOf(service: string, as: As, known: Known): Promise<Neighbours> {
  const own = await nearOf(service, as);
  for (const name of own?.dependsOn ?? []) known.calls.add(name);
  for (const name of own?.usedBy ?? []) known.usedBy.add(name);
  const all = (names: ReadonlySet<string>) =>
    Promise.all([...names].slice(0, MOST).map(async (name) => neighbourOf(name, await nearOf(name, as))));
  const [calls, usedBy] = await Promise.all([all(known.calls), all(known.usedBy)]);
  return { own: neighbourOf(service, own), calls: worstFirst(calls), usedBy: worstFirst(usedBy) };
}

interface Asked {
  /** Null before the first answer. */
  near: Neighbours | null;
  error: AppError | null;
}

/** A service with those that it calls and those that call it, each with how it is. */
export function useNeighbours(service: string): Asked {
  const [state, setState] = useState<Asked & { of: string }>({ of: "", near: null, error: null });
  const { every } = useEvery(EVERY_MS);
  const moment = JSON.stringify(asOfVariables(useMoment()), (_, value) =>
    typeof value === "bigint" ? String(value) : value,
  );
  useEffect(() => {
    let ended = false;
    const known: Known = { calls: new Set(), usedBy: new Set() };
    const ask = (): void => {
      neighboursOf(service, JSON.parse(moment) as As, known).then(
        (near) => !ended && setState({ of: service, near, error: null }),
        (error: AppError) => !ended && setState((s) => ({ ...s, error })),
      );
    };
    ask();
    const timer = every === undefined ? undefined : setInterval(ask, every);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, [service, every, moment]);
  return state.of === service ? state : { near: null, error: state.error };
}
