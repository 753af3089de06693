import type { AppError } from "@/shared/graphql/errors";
import { useNotices } from "@/shared/ui/notice";
import type { Content } from "./content";
import type { Definition } from "./documents";
import { amend, failureOf, type Outcome, reinstate, retire, shown } from "./save";

/** Waits until what is read contains what was recorded, and says so; answers why it was not recorded. */
async function finish(service: string, did: string, outcome: Outcome): Promise<AppError | null> {
  if (outcome.kind !== "done") return failureOf(outcome);
  await shown(service, outcome.revision);
  useNotices.getState().tell(`${service} ${did}: revision ${outcome.revision}, seq ${outcome.sequence}.`);
  return null;
}

export const retireIt = async ({ service, revision }: Definition, reason: string): Promise<AppError | null> =>
  finish(service, "is retired", await retire(service, revision, reason));

export const reinstateIt = async (
  { service, revision }: Definition,
  reason: string,
): Promise<AppError | null> => finish(service, "is in use again", await reinstate(service, revision, reason));

export const makeCurrent = async (
  { service, revision }: Definition,
  content: Content,
  reason: string,
): Promise<AppError | null> => finish(service, "is amended", await amend(service, revision, content, reason));
