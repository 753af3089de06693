import { CalendarClock } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useSearchParams } from "react-router";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { serverNow } from "@/shared/time/clock";
import { formatSecond, type Zone } from "@/shared/time/format";
import { momentOf, presets, type Range, windowOf } from "@/shared/time/range";
import { useRange } from "@/shared/time/use-range";
import { useZone } from "@/shared/time/zone";

function labelOf(range: Range, zone: Zone): string {
  const preset = presets.find((each) => each.from === range.from && range.to === "now");
  if (preset) return preset.label;
  const { from, to } = windowOf(range, serverNow());
  return `${formatSecond(from, zone, serverNow())} to ${range.to === "now" ? "now" : formatSecond(to, zone, serverNow())}`;
}

/** The span of time of all charts and lists. */
export function RangeMenu() {
  const [range, setRange] = useRange();
  const [params] = useSearchParams();
  const [open, setOpen] = useState(false);
  const zone = useZone((s) => s.zone);
  const choose = (next: Range): void => {
    setRange(next);
    setOpen(false);
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          variant="ghost"
          aria-label={`Time range: ${labelOf(range, zone)}`}
          title="Time range (t)"
          data-key="range"
        >
          <CalendarClock aria-hidden="true" />
          <span className="max-lg:hidden">{labelOf(range, zone)}</span>
        </Button>
      </PopoverTrigger>
      <PopoverContent align="end" aria-label="Time range" className="w-72 p-2">
        <ul>
          {presets.map((preset) => (
            <li key={preset.from}>
              <button
                type="button"
                aria-pressed={range.from === preset.from && range.to === "now"}
                className="flex h-7 w-full cursor-pointer items-center rounded-sm px-2 text-left hover:bg-accent aria-pressed:bg-selected aria-pressed:font-medium"
                onClick={() => choose({ from: preset.from, to: "now" })}
              >
                {preset.label}
              </button>
            </li>
          ))}
        </ul>
        <Exact key={params.toString()} range={range} onChoose={choose} />
      </PopoverContent>
    </Popover>
  );
}

function Exact({ range, onChoose }: { range: Range; onChoose: (range: Range) => void }) {
  const id = useId();
  const [from, setFrom] = useState(range.from);
  const [to, setTo] = useState(range.to);
  const now = serverNow();
  const [begin, end] = [momentOf(from.trim(), now), momentOf(to.trim(), now)];
  const wrong = begin === null || end === null || begin >= end;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!wrong) onChoose({ from: from.trim(), to: to.trim() });
  };
  return (
    <form className="mt-2 flex flex-col gap-2 border-border border-t pt-2" onSubmit={submit}>
      <div className="flex items-center gap-2">
        <label htmlFor={`${id}-from`} className="w-9 font-medium text-xs">
          From
        </label>
        <Input id={`${id}-from`} value={from} onChange={(event) => setFrom(event.target.value)} />
      </div>
      <div className="flex items-center gap-2">
        <label htmlFor={`${id}-to`} className="w-9 font-medium text-xs">
          To
        </label>
        <Input id={`${id}-to`} value={to} onChange={(event) => setTo(event.target.value)} />
      </div>
      <p className="text-muted-foreground text-xs">
        {wrong ? "From must be a moment before to." : "As now-90m, or 2026-11-28 12:45:26Z."}
      </p>
      <Button type="submit" disabled={wrong}>
        Apply
      </Button>
    </form>
  );
}
