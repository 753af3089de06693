import type { Window } from "@/shared/time/range";

/** A part of the time axis; a folded one is a quiet time that takes a fixed width. */
export interface Piece {
  from: number;
  to: number;
  left: number;
  right: number;
  folded: boolean;
}

export interface Scale {
  pieces: readonly Piece[];
  x: (at: number) => number;
}

/** The pixels of a folded time. */
const FOLD_PX = 72;
/** More than this share of the range has to be quiet. */
const QUIET = 0.9;
/** With more folds than that nothing is gained. */
const FOLDS = 6;
const PAD_MS = 8_000;
/** A shorter quiet time is not worth a fold. */
const SHORT_MS = 30_000;

/** Where each moment lies between `left` and `left + width`; quiet times are folded where they are nearly all there is. */
export function scaleOf(
  span: Window,
  changes: readonly Window[],
  left: number,
  width: number,
  fold: boolean,
): Scale {
  const plain: Piece[] = [{ ...span, left, right: left + width, folded: false }];
  const pieces = fold ? (folded(span, changes, left, width) ?? plain) : plain;
  const x = (at: number): number => {
    const piece = pieces.find(({ to }) => at <= to) ?? pieces.at(-1);
    if (!piece) return left;
    const share = (Math.min(piece.to, Math.max(piece.from, at)) - piece.from) / (piece.to - piece.from);
    return piece.left + share * (piece.right - piece.left);
  };
  return { pieces, x };
}

function folded(span: Window, changes: readonly Window[], left: number, width: number): Piece[] | null {
  const busy = busyOf(span, changes);
  const loud = busy.reduce((sum, { from, to }) => sum + to - from, 0);
  if (loud === 0 || loud > (1 - QUIET) * (span.to - span.from)) return null;
  const parts: (Window & { folded: boolean })[] = [];
  let at = span.from;
  for (const { from, to } of busy) {
    if (from > at) parts.push({ from: at, to: from, folded: true });
    parts.push({ from, to, folded: false });
    at = to;
  }
  if (at < span.to) parts.push({ from: at, to: span.to, folded: true });
  const folds = parts.filter((part) => part.folded).length;
  const room = width - folds * FOLD_PX;
  if (folds > FOLDS || room < width / 3) return null;
  let x = left;
  return parts.map((part) => {
    const wide = part.folded ? FOLD_PX : (room * (part.to - part.from)) / loud;
    const piece = { ...part, left: x, right: x + wide };
    x += wide;
    return piece;
  });
}

/** The times around changes, and around now, each once and in order. */
function busyOf(span: Window, changes: readonly Window[]): Window[] {
  const padded = [
    ...changes.filter(({ from, to }) => to >= span.from && from <= span.to),
    { from: span.to, to: span.to },
  ]
    .map(({ from, to }) => ({ from: Math.max(span.from, from - PAD_MS), to: Math.min(span.to, to + PAD_MS) }))
    .sort((a, b) => a.from - b.from);
  const merged: Window[] = [];
  for (const each of padded) {
    const last = merged.at(-1);
    if (last && each.from - last.to < SHORT_MS) last.to = Math.max(last.to, each.to);
    else merged.push({ ...each });
  }
  return merged;
}
