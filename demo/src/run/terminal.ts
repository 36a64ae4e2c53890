/** Where progress goes: one line that is rewritten on a terminal, a plain line now and then elsewhere. */
export class Terminal {
  private readonly started = performance.now();
  private lastPlain = -Infinity;
  private open = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** `fraction` of the current part; the remaining time follows from it. */
  progress(part: string, fraction: number, what: string, remainingSeconds: number | undefined): void {
    const percent = `${Math.floor(100 * fraction)} %`.padStart(5);
    const rest = remainingSeconds === undefined ? '' : `, about ${duration(remainingSeconds)} left`;
    const line = `${this.clock()} ${part} ${percent} ${what}${rest}`;
    if (this.stream.isTTY) {
      this.stream.write(`\r\u001b[2K${line.slice(0, this.stream.columns - 1)}`);
      this.open = true;
      return;
    }
    const now = performance.now();
    if (now - this.lastPlain < PLAIN_EVERY_MS) return;
    this.lastPlain = now;
    this.stream.write(`${line}\n`);
  }

  line(text: string): void {
    if (this.open) this.stream.write('\r\u001b[2K');
    this.open = false;
    this.stream.write(`${this.clock()} ${text}\n`);
  }

  private clock(): string {
    return duration((performance.now() - this.started) / 1000).padStart(5);
  }
}

const PLAIN_EVERY_MS = 10_000;

/** `m:ss`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
