import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { useQuery } from "@/shared/graphql/use-query";
import { ActionButton } from "@/shared/ui/action-button";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { type Letter, OneLetter } from "./documents";
import { LetterFacts } from "./letter-facts";
import type { Deed } from "./letters";

interface Props {
  letter: Pick<Letter, "sequence" | "at">;
  decided: boolean;
  onDecide: (deed: Deed) => void;
  onClose: () => void;
}

/** One letter beside the list. */
export function LetterPeek({ letter, decided, onDecide, onClose }: Props): ReactNode {
  const { sequence, at } = letter;
  const { data, error, again } = useQuery(OneLetter, { sequence, at });
  return (
    <aside
      aria-label={`Letter ${sequence}`}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      className="flex max-h-full w-104 max-w-full shrink-0 flex-col overflow-auto border-border border-l bg-card max-xl:absolute max-xl:inset-y-0 max-xl:right-0 max-xl:z-20 max-xl:shadow-lg 2xl:w-120"
    >
      <header className="sticky top-0 flex h-10 shrink-0 items-center gap-2 border-border border-b bg-card px-3">
        <h2 className="min-w-0 truncate font-semibold text-panel">Letter {sequence}</h2>
        <span className="ml-auto flex items-center gap-1">
          {data?.deadLetter && !decided && (
            <>
              <ActionButton needs="OPERATOR" onClick={() => onDecide("redrive")}>
                Redrive
              </ActionButton>
              <ActionButton needs="OPERATOR" danger onClick={() => onDecide("discard")}>
                Discard
              </ActionButton>
            </>
          )}
          <Button variant="ghost" size="icon" aria-label="Close" onClick={onClose}>
            <X aria-hidden="true" />
          </Button>
        </span>
      </header>
      {!data && (error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the letter" />)}
      {data && !data.deadLetter && <Empty title="It is decided on: its letter is gone." />}
      {data?.deadLetter && <LetterFacts letter={data.deadLetter} className="p-3" />}
    </aside>
  );
}
