import type { ComponentProps } from "react";
import { Button } from "@/components/ui/button";
import { count } from "@/shared/figures/format";
import { ActionButton } from "@/shared/ui/action-button";
import { ChooseAll } from "./choose-all";

interface Props extends ComponentProps<typeof ChooseAll> {
  chosen: number;
  /** `groups`, `instances`. */
  nouns: string;
  verb: string;
  onClear: () => void;
  onAct: () => void;
}

/** How many were ticked, and what can be done with them. */
export function ChosenBar({ chosen, nouns, verb, onClear, onAct, ...all }: Props) {
  return (
    <span className="flex shrink-0 items-center gap-1.5">
      <span className="whitespace-nowrap text-muted-foreground max-xl:sr-only" data-testid="chosen">
        {count(chosen)} chosen
      </span>
      {chosen > 0 ? (
        <Button variant="ghost" className="font-normal" onClick={onClear}>
          Clear
        </Button>
      ) : (
        <ChooseAll {...all} />
      )}
      <ActionButton needs="OPERATOR" blocked={chosen === 0 ? `Choose ${nouns} first.` : null} onClick={onAct}>
        {verb}…
      </ActionButton>
    </span>
  );
}
