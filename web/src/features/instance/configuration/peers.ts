import type { Setting } from "@/shared/figures/settings";

/** What the other instances of a service say of one setting. */
export interface Agreement {
  /** Those that say something else, with what they say; null where they do not have it. */
  others: readonly { instance: string; value: string | null }[];
  /** Each says something of its own, as names and addresses do. */
  ownToEach: boolean;
}

type Peers = ReadonlyMap<string, readonly Setting[]>;

/** How a setting stands with the peers, of which there are some. */
export function agreementOf({ key, value }: Setting, peers: Peers): Agreement {
  const theirs = [...peers].map(([instance, settings]) => ({
    instance,
    value: settings.find((each) => each.key === key)?.value ?? null,
  }));
  const others = theirs.filter((each) => each.value !== value);
  const values = new Set([value, ...theirs.map((each) => each.value)]);
  const ownToEach = peers.size > 0 && values.size === peers.size + 1;
  // Two that differ may be a name each has, or a fault: nobody can tell.
  return { others, ownToEach: ownToEach && peers.size > 1 };
}
