import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { count } from "@/shared/figures/format";
import type { AppError } from "@/shared/graphql/errors";
import { sentence } from "@/shared/ui/states";
import type { Reading } from "./load-all";

interface Props {
  /** How many the filter takes, also those that are not loaded; null before it is known. */
  matching: number | null;
  /** Whether a filter is set. */
  filtered: boolean;
  /** Reads and chooses all of them; answers what went wrong. */
  onAll: (reading: Reading) => Promise<AppError | null>;
}

/** Chooses all that match, also beyond what is loaded; says how far it has read meanwhile. */
export function ChooseAll({ matching, filtered, onAll }: Props) {
  const [read, setRead] = useState<number | null>(null);
  const [error, setError] = useState<AppError | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async (): Promise<void> => {
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setRead(0);
    const failed = await onAll({ onRead: setRead, signal: control.signal });
    if (control.signal.aborted) return;
    setRead(null);
    setError(failed);
  };
  if (read !== null) {
    return (
      <span role="status" className="flex items-center gap-1.5 whitespace-nowrap text-muted-foreground">
        {count(read)} of {matching === null ? "all" : count(matching)} read…
        <Button
          variant="ghost"
          className="font-normal"
          onClick={() => {
            stop.current?.abort();
            setRead(null);
          }}
        >
          Stop
        </Button>
      </span>
    );
  }
  const label = matching === null ? "Choose all" : `Choose all ${count(matching)}`;
  return (
    <>
      {error && (
        <span role="alert" className="truncate text-bad" title={error.code}>
          Not all were read: {sentence(error.message)}
        </span>
      )}
      <Button
        variant="ghost"
        className="whitespace-nowrap font-normal"
        disabled={matching === 0}
        onClick={() => void run()}
      >
        {filtered ? `${label} that match` : label}
      </Button>
    </>
  );
}
