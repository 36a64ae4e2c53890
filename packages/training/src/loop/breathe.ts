/** Lets messages in, an abort among them, which arrive between turns of the event loop; fails when there was one. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}
