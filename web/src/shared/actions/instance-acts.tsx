import type { Act } from "@/shared/ui/action-dialog";
import { drain, forget } from "./carry-out";
import { DrainConsequence } from "./drain-consequence";

interface Target {
  service: string;
  instance: string;
}

/** Asks an instance to end cleanly, and says what moves. */
export function drainAct(target: Target): Act {
  return {
    title: `Drain ${target.instance}`,
    pending: "Asking…",
    danger: true,
    consequence: <DrainConsequence service={target.service} instance={target.instance} />,
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
