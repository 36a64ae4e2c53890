import { readFile, rename, writeFile } from 'node:fs/promises';

/** A file that holds every job of the joining kind that names it, in whatever process, until the gate is opened. */
export class Gate {
  private constructor(private readonly path: string) {}

  static async closed(path: string): Promise<Gate> {
    await writeFile(path, '');
    return new Gate(path);
  }

  get uri(): string {
    return `file:${this.path}`;
  }

  async open(): Promise<void> {
    await writeFile(`${this.path}.open`, 'open');
    await rename(`${this.path}.open`, this.path);
  }
}

/** Whether the gate at a path has been opened. */
export async function isOpen(path: string): Promise<boolean> {
  return (await readFile(path, 'utf8')) !== '';
}
