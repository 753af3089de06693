import { CornerDownRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import type { Whole } from "@/shared/graphql/exact";
import { serverNow } from "@/shared/time/clock";
import { useZone } from "@/shared/time/zone";
import { placeOf, sequenceAt } from "./jump";

/** Goes to a sequence, or to the first event at a time. */
export function JumpField({ onJump }: { onJump: (sequence: Whole) => void }) {
  const zone = useZone((s) => s.zone);
  const [text, setText] = useState("");
  const [told, setTold] = useState<string | null>(null);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const place = placeOf(text, serverNow(), zone);
    if (place === null) {
      setTold("No sequence, and no time: 365, 12:45:26 or 2026-11-28 12:45");
      return;
    }
    const found = "sequence" in place ? place.sequence : await sequenceAt(place.time);
    if (found === null) setTold("No event so late");
    else if (typeof found === "object") setTold(found.message);
    else {
      setTold(null);
      setText("");
      onJump(found);
    }
  };
  return (
    <form className="relative flex items-center" onSubmit={(event) => void submit(event)}>
      <Input
        aria-label="Go to sequence or time"
        aria-invalid={told !== null}
        placeholder="Go to seq or time"
        className="w-40 pr-8 max-lg:w-28"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setTold(null);
        }}
      />
      <Button
        type="submit"
        variant="ghost"
        size="icon"
        aria-label="Go"
        className="absolute right-0"
        disabled={text.trim() === ""}
      >
        <CornerDownRight aria-hidden="true" />
      </Button>
      {told !== null && (
        <span
          role="alert"
          className="absolute top-8 left-0 z-20 whitespace-nowrap rounded-sm border border-border bg-popover px-2 py-1 text-bad text-xs shadow-md"
        >
          {told}
        </span>
      )}
    </form>
  );
}
