import { Button } from "@/components/ui/button";
import { useFlags } from "./flags";

/** Marks the place that the page stands at as A or B. */
export function FlagButton({ name, onClick }: { name: "a" | "b"; onClick: () => void }) {
  const set = useFlags((s) => s[name]);
  const letter = name.toUpperCase();
  const label = set
    ? `${letter} stands at seq ${set.sequence}: set it here`
    : `Set ${letter} here, to be compared`;
  return (
    <Button variant="outline" size="icon" aria-label={label} title={`${label} (${name})`} onClick={onClick}>
      <span aria-hidden="true" className={set ? "font-semibold text-primary" : "text-muted-foreground"}>
        {letter}
      </span>
    </Button>
  );
}
