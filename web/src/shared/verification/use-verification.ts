import { useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { mayAs, useSession } from "@/shared/session/store";
import { useNotices } from "@/shared/ui/notice";
import { LastVerification, type Verification, VerifyLog } from "./documents";

const EVERY_MS = 15_000;
/** While one is under way. */
const OFTEN_MS = 1_000;

interface Asked {
  /** Whether who is signed in may know. */
  may: boolean;
  /** The one under way, or the last; null where there was none. */
  last: Verification | null;
  /** Whether the server has answered. */
  known: boolean;
  error: AppError | null;
  again: () => void;
  verify: () => void;
}

/** Whether the log is as it was written, when somebody last looked. */
export function useVerification(): Asked {
  const may = useSession((s) => mayAs(s.viewer, "AUDITOR"));
  const [every, setEvery] = useState(EVERY_MS);
  const { data, error, again } = useQuery(LastVerification, may ? {} : null, { every });
  const wanted = data?.verification?.status === "RUNNING" ? OFTEN_MS : EVERY_MS;
  if (wanted !== every) setEvery(wanted);
  const verify = async (): Promise<void> => {
    const begun = await client.mutation(VerifyLog, {}).toPromise();
    if (begun.error) useNotices.getState().tell(errorFromUrql(begun.error).message, true);
    again();
  };
  return {
    may,
    last: data?.verification ?? null,
    known: data !== null,
    error,
    again,
    verify: () => void verify(),
  };
}
