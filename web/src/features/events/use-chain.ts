import { useEffect, useState } from "react";
import { type Event, EventHistory } from "@/shared/events/documents";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { type Chain, chainAround, type Lookup } from "./chain";
import { EventById } from "./documents";

const EFFECTS_MAX = 100;

const lookup: Lookup = {
  byId: async (id) => {
    const { data, error } = await client.query(EventById, { id }).toPromise();
    if (error) throw error;
    return data?.event ?? null;
  },
  effectsOf: async (id) => {
    const filter = { causationId: id };
    const { data, error } = await client
      .query(EventHistory, { last: EFFECTS_MAX, before: null, filter })
      .toPromise();
    if (error) throw error;
    return data?.events.nodes ?? [];
  },
};

/** The chain that an event stands in; null before it is known. */
export function useChain(event: Event): { chain: Chain | null; error: AppError | null } {
  const [state, setState] = useState<{ of: string; chain: Chain | null; error: AppError | null } | null>(
    null,
  );
  useEffect(() => {
    let ended = false;
    chainAround(event, lookup).then(
      (chain) => !ended && setState({ of: event.id, chain, error: null }),
      (error) => !ended && setState({ of: event.id, chain: null, error: errorFromUrql(error) }),
    );
    return () => {
      ended = true;
    };
    // The event is told by its id: what it says never changes.
  }, [event.id]);
  return state?.of === event.id ? state : { chain: null, error: null };
}
