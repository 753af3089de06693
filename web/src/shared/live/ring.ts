/** The last `capacity` samples of one series, in fixed memory. */
export class Ring {
  private readonly slots: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(readonly capacity: number) {
    this.slots = new Float64Array(capacity);
  }

  get length(): number {
    return this.filled;
  }

  push(value: number): void {
    this.slots[this.next] = value;
    this.next = (this.next + 1) % this.capacity;
    this.filled = Math.min(this.filled + 1, this.capacity);
  }

  /** Oldest first. */
  values(): number[] {
    const start = (this.next - this.filled + this.capacity) % this.capacity;
    return Array.from({ length: this.filled }, (_, i) => this.slots[(start + i) % this.capacity] ?? 0);
  }
}
