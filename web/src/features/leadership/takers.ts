import { plural } from "@/shared/figures/format";
import type { Member } from "./documents";

export interface Taker {
  instance: string;
  /** What it has to do already, as far as it is told. */
  load: string;
}

interface Candidate {
  instance: string;
  groups: number | bigint;
  inFlight: number | bigint;
}

/**
 * Who could take a group from its owner: those who stand for it. Groups that are opened on demand are in no list of an
 * instance: whoever runs and names none may take them.
 */
export function takersOf(
  candidates: readonly Candidate[],
  members: readonly Pick<Member, "instance" | "status" | "standsFor">[],
  owner: string,
): Taker[] {
  const named = candidates.filter(({ instance }) => instance !== owner);
  if (named.length > 0) {
    return named.map(({ instance, groups, inFlight }) => ({
      instance,
      load: `owner of ${plural(Number(groups), "group")}, ${plural(Number(inFlight), "call")} in flight`,
    }));
  }
  return members
    .filter(
      ({ instance, status, standsFor }) =>
        instance !== owner && status === "RUNNING" && standsFor.length === 0,
    )
    .map(({ instance }) => ({ instance, load: "running" }));
}
