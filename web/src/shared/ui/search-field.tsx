import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Input } from "@/components/ui/input";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

/** How long nobody types before what is typed is told. */
const REST_MS = 120;

/**
 * A field of its own text: the address, which holds the value, follows later than somebody types, and must not take letters
 * back that it has not seen yet.
 */
export function SearchField({ label, value, onChange, className }: Props) {
  const [text, setText] = useState(value);
  /** What was told and has not come back yet, oldest first. */
  const told = useRef<string[]>([]);
  // What is told late must change the address as it is then.
  const latest = useRef(onChange);
  latest.current = onChange;
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout>; text: string } | null>(null);
  useEffect(() => {
    const place = told.current.lastIndexOf(value);
    if (place >= 0) told.current.splice(0, place + 1);
    else if (waiting.current === null) {
      told.current = [];
      setText(value);
    }
  }, [value]);
  useEffect(() => () => clearTimeout(waiting.current?.timer), []);
  const tell = (): void => {
    if (waiting.current === null) return;
    const next = waiting.current.text;
    clearTimeout(waiting.current.timer);
    waiting.current = null;
    told.current.push(next);
    latest.current(next);
  };
  const type = (next: string): void => {
    setText(next);
    clearTimeout(waiting.current?.timer);
    waiting.current = { text: next, timer: setTimeout(tell, REST_MS) };
  };
  return (
    <div className={className}>
      <div className="relative">
        <Search
          aria-hidden="true"
          className="pointer-events-none absolute top-1.5 left-2 size-3.5 text-muted-foreground"
        />
        <Input
          type="search"
          aria-label={label}
          placeholder={label}
          className="pl-7"
          value={text}
          onChange={(event) => type(event.target.value)}
          onBlur={tell}
        />
      </div>
    </div>
  );
}
