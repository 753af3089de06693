import { useEffect, useState } from "react";
import { notice, useNotified } from "@/shared/attention/notified";
import type { ShownItem } from "@/shared/attention/use-items";
import { serverNow } from "@/shared/time/clock";
import { notifyDesktop } from "./desktop";

/** Notes what turns bad, tells the desktop where that is wanted, and answers what is to be spoken: bad ones once. */
export function useNotices(items: readonly ShownItem[]): string {
  const [spoken, setSpoken] = useState("");
  useEffect(() => {
    const { all, fresh } = notice(useNotified.getState().all, items, serverNow());
    useNotified.setState({ all });
    const bad = fresh.filter(({ severity }) => severity === "bad");
    const [first] = bad;
    if (first)
      setSpoken(bad.length === 1 ? `${first.subject}: ${first.text}` : `${bad.length} need somebody`);
    for (const each of fresh) notifyDesktop(each);
  }, [items]);
  return spoken;
}
