import { words } from "@/shared/status/status";
import type { GroupMembers } from "./documents";

/** Who stands by for a group, the one that would take it first at the beginning. */
export interface Standbys {
  names: readonly string[];
  /** How many there are beyond those that are named. */
  more: number;
  /** All of it in a sentence. */
  title: string;
}

const NAMED = 2;

/** Only who runs takes a group over; the others are told in the sentence. */
export function standbysOf({ declared, memberCount, members }: GroupMembers): Standbys {
  const others = members.filter(({ owner }) => !owner);
  const ready = others.filter(({ status }) => status === "RUNNING");
  const away = others.filter(({ status }) => status !== "RUNNING");
  const untold = Number(memberCount) - members.length;
  const parts = [
    ready.length === 0
      ? "Nobody stands by for it"
      : `In the order of their claims: ${ready.map(({ instance }) => instance).join(", ")}`,
    away.length > 0 &&
      `not now: ${away.map(({ instance, status }) => `${instance} (${words[status].toLowerCase()})`).join(", ")}`,
    untold > 0 && `and ${untold} more`,
    !declared && "it is opened on demand, and a member may refuse it",
  ];
  return {
    names: ready.slice(0, NAMED).map(({ instance }) => instance),
    more: Math.max(0, ready.length - NAMED) + (ready.length > 0 ? untold : 0),
    title: `${parts.filter(Boolean).join("; ")}.`,
  };
}
