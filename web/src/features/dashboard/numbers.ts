/** Three significant places at most, thousands as `k`; a missing figure is a dash, never a zero. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "—";
  if (value >= 10_000) return `${(value / 1000).toFixed(value >= 100_000 ? 0 : 1)}k`;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 || value === 0 ? value.toFixed(1) : value.toFixed(2);
}

export function percent(value: number | null): string {
  if (value === null) return "—";
  if (value === 0) return "0";
  return value < 0.01 ? "<0.01" : value.toFixed(value >= 10 ? 1 : 2);
}
