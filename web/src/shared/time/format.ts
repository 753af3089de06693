export type Zone = "utc" | "local";

const two = (n: number): string => String(n).padStart(2, "0");

interface Parts {
  day: string;
  clock: string;
  ms: string;
}

function partsOf(d: Date, zone: Zone): Parts {
  const of = (utc: number, local: number): number => (zone === "utc" ? utc : local);
  const year = of(d.getUTCFullYear(), d.getFullYear());
  const month = two(of(d.getUTCMonth(), d.getMonth()) + 1);
  const day = two(of(d.getUTCDate(), d.getDate()));
  const clock = [
    of(d.getUTCHours(), d.getHours()),
    of(d.getUTCMinutes(), d.getMinutes()),
    of(d.getUTCSeconds(), d.getSeconds()),
  ];
  const ms = String(of(d.getUTCMilliseconds(), d.getMilliseconds())).padStart(3, "0");
  return { day: `${year}-${month}-${day}`, clock: clock.map(two).join(":"), ms };
}

function known(moment: string | number): Date | null {
  const d = new Date(moment);
  return Number.isNaN(d.getTime()) ? null : d;
}

/** `12:45:26.547`, the day left out. */
export function formatClock(moment: string | number, zone: Zone): string {
  const d = known(moment);
  if (!d) return "—";
  const { clock, ms } = partsOf(d, zone);
  return `${clock}.${ms}`;
}

/** `12:45:26`; of another day than `now`, with the day before it. */
export function formatSecond(moment: string | number, zone: Zone, now?: number): string {
  const d = known(moment);
  if (!d) return "—";
  const { day, clock } = partsOf(d, zone);
  return now !== undefined && partsOf(new Date(now), zone).day !== day ? `${day.slice(5)} ${clock}` : clock;
}

/** `2026-11-28 12:45:26.547 UTC`. */
export function formatMoment(moment: string | number, zone: Zone): string {
  const d = known(moment);
  if (!d) return "—";
  const { day, clock, ms } = partsOf(d, zone);
  return `${day} ${clock}.${ms} ${zone === "utc" ? "UTC" : offset(d)}`;
}

/** `2026-11-28`. */
export function formatDay(moment: string | number, zone: Zone): string {
  const d = known(moment);
  return d ? partsOf(d, zone).day : "—";
}

function offset(d: Date): string {
  const minutes = -d.getTimezoneOffset();
  const abs = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
}
