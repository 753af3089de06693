import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import type { Content } from "./content";
import { Amend, Define, OneDefinition, Reinstate, Retire } from "./documents";

export type Outcome =
  | { kind: "done"; revision: Whole; sequence: Whole }
  | { kind: "refused"; error: AppError; field: string | null }
  /** Somebody changed it meanwhile. */
  | { kind: "conflict"; current: Whole };

interface Answer {
  data?: Record<string, Told> | undefined;
  error?: Parameters<typeof errorFromUrql>[0] | undefined;
}

type Told =
  | { __typename: "DefinitionChanged"; revision: Whole; sequence: Whole }
  | {
      __typename: "Rejected";
      code: string;
      message: string;
      field: string | null;
      currentRevision: Whole | null;
    };

function outcomeOf({ data, error }: Answer): Outcome {
  if (error) return { kind: "refused", error: errorFromUrql(error), field: null };
  const [told] = Object.values(data ?? {});
  if (!told) return { kind: "refused", error: unreachable, field: null };
  if (told.__typename === "DefinitionChanged") {
    return { kind: "done", revision: told.revision, sequence: told.sequence };
  }
  if (told.currentRevision !== null) return { kind: "conflict", current: told.currentRevision };
  const { code, message, field } = told;
  return { kind: "refused", error: { code, message, requestId: null, retryable: false }, field };
}

/** All of a content as the server takes it: what is null is taken away. */
function input({ failover, ...rest }: Content) {
  return {
    ...rest,
    failover: failover && {
      policy: failover.policy,
      ...(failover.policy === "CUSTOM" && failover.leaseMs !== null && { leaseMs: failover.leaseMs }),
    },
  };
}

export const define = async (service: string, content: Content, reason: string): Promise<Outcome> =>
  outcomeOf(await client.mutation(Define, { input: { service, ...input(content), reason } }));

export const amend = async (
  service: string,
  expectedRevision: Whole,
  content: Content,
  reason: string,
): Promise<Outcome> =>
  outcomeOf(
    await client.mutation(Amend, { input: { service, expectedRevision, ...input(content), reason } }),
  );

export const retire = async (service: string, expectedRevision: Whole, reason: string): Promise<Outcome> =>
  outcomeOf(await client.mutation(Retire, { input: { service, expectedRevision, reason } }));

export const reinstate = async (service: string, expectedRevision: Whole, reason: string): Promise<Outcome> =>
  outcomeOf(await client.mutation(Reinstate, { input: { service, expectedRevision, reason } }));

/** Why it was not done, in words; null when it was. */
export function failureOf(outcome: Outcome): AppError | null {
  if (outcome.kind === "done") return null;
  if (outcome.kind === "refused") return outcome.error;
  const message = `Somebody changed it meanwhile: it is at revision ${outcome.current}. Look at it again.`;
  return { code: "DEFINITION_CONFLICT", message, requestId: null, retryable: false };
}

const TRIES = 40;
const PAUSE_MS = 125;

/** Waits until what is read contains the revision; false when that takes longer than five seconds. */
export async function shown(service: string, revision: Whole): Promise<boolean> {
  for (let turn = 0; turn < TRIES; turn += 1) {
    const { data } = await client.query(OneDefinition, { service }).toPromise();
    if (data?.definition && data.definition.revision >= revision) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}
