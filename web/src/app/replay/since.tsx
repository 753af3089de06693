import { useEffect, useState } from "react";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { RegistryAt } from "@/shared/replay/documents";
import { differencesBetween, tally } from "./differences";

const REST_MS = 800;

interface Props {
  at: Whole;
  head: Whole;
  onOpen: () => void;
}

/** How much differs between the moment on the page and the newest one; asked when the page has come to rest. */
export function Since({ at, head, onOpen }: Props) {
  const [settled, setSettled] = useState<Whole | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(at), REST_MS);
    return () => clearTimeout(timer);
  }, [at]);
  const then = useQuery(RegistryAt, settled === null ? null : { sequence: settled, time: null });
  const now = useQuery(RegistryAt, settled === null ? null : { sequence: head, time: null });
  const [a, b] = [then.data?.asOf, now.data?.asOf];
  if (settled !== at || !a || !b || then.of?.sequence !== at) {
    return <span className="text-muted-foreground">{then.error ? "" : "Since then: …"}</span>;
  }
  return (
    <button
      type="button"
      className="max-w-full cursor-pointer truncate text-left underline decoration-dotted underline-offset-2"
      title="Show what differs"
      data-testid="since"
      onClick={onOpen}
    >
      Since then: {tally(differencesBetween(a, b))}
    </button>
  );
}
