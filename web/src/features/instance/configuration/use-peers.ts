import { useEffect, useState } from "react";
import { type Setting, settingsOf } from "@/shared/figures/settings";
import { client } from "@/shared/graphql/client";
import { useQuery } from "@/shared/graphql/use-query";
import { hasEnded } from "@/shared/status/status";
import { ConfigurationOf, PeersOf } from "../documents";

/** So many are asked what they run with. */
const ASKED_MAX = 20;

export type PeerSettings = ReadonlyMap<string, readonly Setting[]>;

interface Peers {
  /** Names of all others that are known. */
  names: readonly string[];
  /** What those that live run with; null before it is known. */
  settings: PeerSettings | null;
}

/** What the other instances of the service run with. */
export function usePeers(service: string, instance: string): Peers {
  const { data } = useQuery(PeersOf, { service });
  const [settings, setSettings] = useState<PeerSettings | null>(null);
  const others = (data?.instances.nodes ?? []).filter((each) => each.instance !== instance);
  const living = others
    .filter(({ status }) => !hasEnded(status))
    .slice(0, ASKED_MAX)
    .map((each) => each.instance);
  const asked = data === null ? null : living.join("\n");
  useEffect(() => {
    if (asked === null) return;
    let ended = false;
    const names = asked.split("\n").filter(Boolean);
    void Promise.all(names.map((name) => settingsFrom(service, name))).then((answers) => {
      if (ended) return;
      const known = names.flatMap((name, at) => {
        const answer = answers[at];
        return answer && answer.length > 0 ? [[name, answer] as const] : [];
      });
      setSettings(new Map(known));
    });
    return () => {
      ended = true;
    };
  }, [service, asked]);
  return { names: others.map((each) => each.instance), settings };
}

async function settingsFrom(service: string, instance: string): Promise<readonly Setting[] | null> {
  const { data } = await client.query(ConfigurationOf, { service, instance }).toPromise();
  return data ? settingsOf(data.configuration) : null;
}
