import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";

/** An exact sequence or time. */
export function ExactField({ onGo }: { onGo: (at: string) => void }) {
  const [text, setText] = useState("");
  const trimmed = text.trim();
  const at = /^\d{1,20}$/.test(trimmed)
    ? `s${trimmed}`
    : Number.isNaN(Date.parse(trimmed))
      ? null
      : new Date(trimmed).toISOString();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (at === null) return;
    onGo(at);
    setText("");
  };
  return (
    <form className="flex shrink-0 items-center gap-1" onSubmit={submit}>
      <Input
        aria-label="Sequence or time"
        placeholder="Sequence or time"
        title="An exact place (t)"
        data-key="exact"
        className="w-40 max-xl:w-28"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" variant="outline" className="max-xl:hidden" disabled={at === null}>
        Go
      </Button>
    </form>
  );
}
