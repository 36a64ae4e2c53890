import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A Python that has the packages which some tests compare with. */
export const PEERS = process.env['EIGENLOOM_PEERS'] ?? join(homedir(), '.cache/peers/bin/python');

/** Why that Python cannot be used for the modules; undefined when it can. */
export function peersMissing(...modules: readonly string[]): string | undefined {
  if (!existsSync(PEERS))
    return `there is no ${PEERS}; set EIGENLOOM_PEERS to a python with ${modules.join(', ')}`;
  const code = `import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))`;
  try {
    execFileSync(PEERS, ['-c', code, ...modules], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${PEERS} lacks one of ${modules.join(', ')}`;
  }
}

/** How a Python script ended. */
export interface PythonOutcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script to its end. */
export function python(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<PythonOutcome> {
  return new Promise((resolve) => {
    const child = execFile(
      PEERS,
      args,
      { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        resolve({ status: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

/** `describe`, or a skipped one that says why. */
export function describeWithPeers(title: string, modules: readonly string[], define: () => void): void {
  const missing = peersMissing(...modules);
  if (missing === undefined) describe(title, define);
  else describe.skip(`${title} (skipped: ${missing})`, define);
}
