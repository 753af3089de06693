/** How many events of a journal are shown at a time. */
export const PAGE = 50;

type Sequence = number | bigint;

const cursor = (after: bigint): string => String(after > 0n ? after : 0n);

/** Behind which event the newest page begins. Nothing is ever taken from a journal, so its sequences have no gaps. */
export const newest = (last: Sequence): string => cursor(BigInt(last) - BigInt(PAGE));

/** Behind which event the page before this one begins; null where this one is the first. */
export const earlier = (after: string): string | null =>
  after === "0" ? null : cursor(BigInt(after) - BigInt(PAGE));
