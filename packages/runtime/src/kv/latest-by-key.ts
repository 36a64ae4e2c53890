/**
 * A queue between a writer and one slow reader that keeps only the latest item of each key, so its size is bounded by the number
 * of keys.
 */
export class LatestByKey<T> implements AsyncIterable<T> {
  private readonly pending = new Map<string, T>();
  private wake: (() => void) | undefined;
  private closed = false;

  push(key: string, item: T): void {
    if (this.closed) return;
    this.pending.delete(key);
    this.pending.set(key, item);
    this.wake?.();
  }

  close(): void {
    this.closed = true;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const next = this.pending.entries().next();
      if (next.done !== true) {
        this.pending.delete(next.value[0]);
        yield next.value[1];
      } else if (this.closed) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.wake = undefined;
      }
    }
  }
}
