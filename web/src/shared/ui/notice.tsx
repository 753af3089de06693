import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect } from "react";
import { create } from "zustand";
import { Button } from "@/components/ui/button";
import { useEvents } from "@/shared/events/store";
import type { Whole } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { EventLink } from "./object-link";

interface Notice {
  id: number;
  text: string;
  bad: boolean;
  /** Where it is recorded; null where that is not told. */
  recorded: Whole | null;
}

interface Notices {
  notices: readonly Notice[];
  tell: (text: string, bad?: boolean, recorded?: Whole | null) => void;
  close: (id: number) => void;
}

const SHOWN = 3;
const STANDS_MS = 6_000;
let last = 0;

/** What became of one's own actions. Those that failed stand until closed. */
export const useNotices = create<Notices>((set) => ({
  notices: [],
  tell: (text, bad = false, recorded = null) => {
    last += 1;
    const notice = { id: last, text, bad, recorded };
    set((s) => ({ notices: [...s.notices, notice].slice(-SHOWN) }));
  },
  close: (id) => set((s) => ({ notices: s.notices.filter((each) => each.id !== id) })),
}));

export function NoticeStack() {
  const notices = useNotices((s) => s.notices);
  return (
    <div role="status" className="fixed right-4 bottom-4 z-50 flex w-80 flex-col gap-2" data-no-print>
      {notices.map((notice) => (
        <One key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function One({ notice: { id, text, bad, recorded } }: { notice: Notice }) {
  const close = useNotices((s) => s.close);
  useEffect(() => {
    if (bad) return;
    const timer = setTimeout(() => close(id), STANDS_MS);
    return () => clearTimeout(timer);
  }, [id, bad, close]);
  const Icon = bad ? CircleAlert : CircleCheck;
  return (
    <div className="flex items-start gap-2 rounded border border-border bg-card p-2 pl-3 shadow-md">
      <Icon aria-hidden="true" className={cn("mt-1.5 size-3.5 shrink-0", bad ? "text-bad" : "text-ok")} />
      <div className="min-w-0 flex-1 self-center">
        <p>{text}</p>
        {recorded !== null && <Shown recorded={recorded} />}
      </div>
      <Button variant="ghost" size="icon" aria-label="Close" onClick={() => close(id)}>
        <X aria-hidden="true" />
      </Button>
    </div>
  );
}

/** Where it stands in the log, and whether the page shows it yet. */
function Shown({ recorded }: { recorded: Whole }) {
  const shown = useEvents((s) => s.asOf >= recorded);
  return (
    <p className="flex items-center gap-1 text-muted-foreground" data-testid="recorded" data-shown={shown}>
      {shown ? "Recorded and shown," : "Recorded,"} <EventLink sequence={recorded} />
    </p>
  );
}
