/** What is pushed comes out in order, until the reader leaves. */
export function createQueue<T>(onClose: () => void): {
  push: (value: T) => void;
  iterator: AsyncGenerator<T>;
} {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let closed = false;
  const iterator: AsyncGenerator<T> = {
    async next() {
      while (!closed && waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const value = waiting.shift();
      return value === undefined || closed ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      closed = true;
      onClose();
      wake?.();
      return { done: true, value: undefined };
    },
    async throw(error) {
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  return {
    push: (value) => {
      waiting.push(value);
      wake?.();
    },
    iterator,
  };
}
