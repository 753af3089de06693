import { useId } from "react";
import { Input } from "@/components/ui/input";
import { NativeSelect } from "@/components/ui/native-select";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";

/** A moment that lies ahead: so long from now, or as written. */
export interface Ahead {
  /** In milliseconds; null for one that is written. */
  inMs: number | null;
  text: string;
}

export const unchosen: Ahead = { inMs: null, text: "" };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const choices = [5, 15, 30].map((n) => ({ label: `in ${n} minutes`, ms: n * MINUTE_MS }));
choices.push(...[1, 4, 12].map((n) => ({ label: n === 1 ? "in 1 hour" : `in ${n} hours`, ms: n * HOUR_MS })));

/** In epoch milliseconds; null as long as none is named that lies ahead. */
export function momentAhead({ inMs, text }: Ahead, now: number): number | null {
  if (inMs !== null) return now + inMs;
  const at = Date.parse(text.trim());
  return Number.isNaN(at) || at <= now ? null : at;
}

interface Props {
  label: string;
  value: Ahead;
  onChange: (value: Ahead) => void;
}

/** Chooses a moment that lies ahead, and says which one it is. */
export function MomentField({ label, value, onChange }: Props) {
  const id = useId();
  const now = useNow();
  const zone = useZone((s) => s.zone);
  const at = momentAhead(value, now);
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium text-xs">
        {label}
      </label>
      <div className="flex gap-2">
        <NativeSelect
          id={id}
          className="w-44"
          value={value.inMs ?? ""}
          onChange={(event) =>
            onChange(
              event.target.value === ""
                ? { inMs: null, text: value.text }
                : { inMs: Number(event.target.value), text: "" },
            )
          }
        >
          <option value="">at the moment written</option>
          {choices.map((each) => (
            <option key={each.ms} value={each.ms}>
              {each.label}
            </option>
          ))}
        </NativeSelect>
        {value.inMs === null && (
          <Input
            aria-label={`${label}, exactly`}
            placeholder="2026-11-28 18:30Z"
            value={value.text}
            onChange={(event) => onChange({ inMs: null, text: event.target.value })}
          />
        )}
      </div>
      <p className="text-muted-foreground text-xs">
        {at === null
          ? "A moment that lies ahead, as 2026-11-28 18:30Z."
          : `${formatMoment(at, zone)}, ${formatAge(at - now)} from now`}
      </p>
    </div>
  );
}
