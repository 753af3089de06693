import { useEffect } from "react";
import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { useMoment } from "@/shared/url/moment";
import { LimitsOfServices } from "./documents";
import { type Limits, limitsOf, noLimits } from "./limits";

const EVERY_MS = 30_000;

type ByService = ReadonlyMap<string, Limits>;

const nothing: ByService = new Map();
const useStore = create<{ limits: ByService }>(() => ({ limits: nothing }));

let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

async function load(): Promise<void> {
  const { data } = await client.query(LimitsOfServices, {}).toPromise();
  if (data) useStore.setState({ limits: limitsOf(data.definitions.nodes) });
}

/** The limits of all services, asked for once for the whole page as long as somebody wants them. Those of the past are not known. */
export function useLimits(): ByService {
  const past = useMoment() !== null;
  useEffect(() => {
    users += 1;
    if (users === 1) {
      void load();
      timer = setInterval(() => void load(), EVERY_MS);
    }
    return () => {
      users -= 1;
      if (users === 0) clearInterval(timer);
    };
  }, []);
  const limits = useStore((s) => s.limits);
  return past ? nothing : limits;
}

export const useLimitsOf = (service: string): Limits => useLimits().get(service) ?? noLimits;
