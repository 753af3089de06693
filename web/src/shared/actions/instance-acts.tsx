import { plural } from "@/shared/figures/format";
import type { Act } from "@/shared/ui/action-dialog";
import { drain, forget } from "./carry-out";

interface Target {
  service: string;
  instance: string;
  groups: readonly { group: string }[];
}

const NAMED = 5;

/** Asks an instance to end cleanly, and says what moves. */
export function drainAct(target: Target): Act {
  const { instance, groups } = target;
  const names = groups.slice(0, NAMED).map(({ group }) => group);
  const more = groups.length - names.length;
  return {
    title: `Drain ${instance}`,
    pending: "Asking…",
    danger: true,
    consequence: (
      <>
        <p>It takes no new calls, finishes those that it has, and ends. It does not come back by itself.</p>
        <p className="mt-2">
          {groups.length === 0
            ? "It owns no group: nothing moves."
            : `${plural(groups.length, "group")} go to standbys of the service: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`}
        </p>
      </>
    ),
    run: (reason) => drain(target, reason),
  };
}

/** Takes an ended instance out of the registry before its time. */
export function forgetAct(target: Target): Act {
  return {
    title: `Forget ${target.instance}`,
    pending: "Forgetting…",
    consequence: <p>It leaves the list on every replica. Its history stays in the log.</p>,
    run: (reason) => forget(target, reason),
  };
}
