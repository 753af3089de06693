import { NONE } from "@/shared/figures/format";

const SHOWN = 24;

/** The name of a server of NATS; one that nobody has named has an id of 56 signs, which loses its middle. */
export function NatsServer({ name }: { name: string | null }) {
  if (name === null) return <span className="text-muted-foreground">{NONE}</span>;
  const short = name.length > SHOWN ? `${name.slice(0, 8)}…${name.slice(-8)}` : name;
  return (
    <span className="whitespace-nowrap font-mono text-xs" title={name}>
      {short}
    </span>
  );
}
