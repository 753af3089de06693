import { useEffect, useMemo, useRef, useState } from "react";
import type { AppError } from "@/shared/graphql/errors";
import { useLive } from "@/shared/graphql/use-live";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { InstanceAsOf } from "@/shared/replay/documents";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Instance, NamedInstances, type NamedUpdate } from "./documents";

const PAINT_MS = 250;

export interface InstanceState {
  /** Null when there is none of this name; undefined before the first answer. */
  instance: Instance | null | undefined;
  error: AppError | null;
}

type Rows = ReadonlyMap<string, Instance>;

export function applyNamed(rows: Rows, update: NamedUpdate): Rows {
  if (update.__typename === "InstanceSnapshot") return new Map(update.instances.map((row) => [row.id, row]));
  const next = new Map(rows);
  for (const id of update.removed) next.delete(id);
  for (const row of update.changed) next.set(row.id, row);
  return next;
}

/** Follows one instance, or tells how it was at the moment that the page shows. */
export function useInstance(service: string, name: string): InstanceState {
  const id = `${service}/${name}`;
  const moment = useMoment();
  const past = useQuery(InstanceAsOf, withMoment(moment, service, name));
  const rows = useRef<Rows>(new Map());
  const [painted, setPainted] = useState<InstanceState>({ instance: undefined, error: null });
  const paused = usePaused();
  const held = useRef(paused);
  held.current = paused;
  const paint = useMemo(
    () =>
      throttle(() => {
        const instance = rows.current.get(id) ?? null;
        setPainted((now) => (held.current && now.instance !== undefined ? now : { instance, error: null }));
      }, PAINT_MS),
    [id],
  );
  useEffect(() => paint.cancel, [paint]);
  useEffect(() => {
    if (!paused && rows.current.size > 0) paint();
  }, [paused, paint]);
  useLive(NamedInstances, moment === null ? { service, text: name } : null, {
    onData: (data) => {
      rows.current = applyNamed(rows.current, data.instanceChanges as NamedUpdate);
      paint();
    },
    onError: (error) => setPainted((now) => ({ ...now, error })),
  });
  if (moment === null) return painted;
  const found = past.data?.asOf.instances.nodes;
  return { instance: found ? (found.find((row) => row.id === id) ?? null) : undefined, error: past.error };
}

function withMoment(moment: ReturnType<typeof useMoment>, service: string, text: string) {
  const as = asOfVariables(moment);
  return as && { ...as, service, text };
}
