import { useEffect, useRef, useState } from "react";
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
  const [settled, setSettled] = useState<{ at: Whole; head: Whole } | null>(null);
  // The newest moment is that of when the page came to rest: it is not asked for with each event that arrives.
  const newest = useRef(head);
  newest.current = head;
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ at, head: newest.current }), REST_MS);
    return () => clearTimeout(timer);
  }, [at]);
  const then = useQuery(RegistryAt, settled && { sequence: settled.at, time: null });
  const now = useQuery(RegistryAt, settled && { sequence: settled.head, time: null });
  const [a, b] = [then.data?.asOf, now.data?.asOf];
  if (settled?.at !== at || !a || !b || then.of?.sequence !== at) {
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
