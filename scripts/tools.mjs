import { execFileSync } from 'node:child_process';

/** Ends set-up with what is missing and why it is needed. */
export function need(tool, why) {
  try {
    execFileSync(tool, [tool === 'go' ? 'version' : '--version'], { stdio: 'ignore' });
  } catch {
    console.error(`setup: ${tool} is not installed; ${why}`);
    process.exit(1);
  }
}
