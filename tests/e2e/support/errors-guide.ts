import type { ErrorCase } from './error-cases/index.js';

/** docs/guides/errors.md: made of the cases that the tests run, so that it cannot say anything else. */
export function errorsGuide(cases: readonly ErrorCase[]): string {
  const rows = cases.map(
    ({ title, code, reason, exitStatus }) =>
      `| ${title} | ${code ?? '(refused before it is sent)'} | \`${reason}\` | ${exitStatus} |`,
  );
  return `# Errors

Every error has a kind, which decides the gRPC status and the exit status of the command line, and a reason, which is stable and what
programs compare. Over gRPC a \`google.rpc.Status\` carries one \`ErrorInfo\` with the reason and, for wrong fields of a request, a
\`BadRequest\` that names them; a job that fails holds the same status. On the command line an error is one line on standard error.

The tests make each of these mistakes, over gRPC and on the command line:

| mistake | gRPC status | reason | exit status |
|---|---|---|---|
${rows.join('\n')}

What the operating system refuses has reasons of its own: \`FILE_NOT_FOUND\`, \`NOT_A_FILE\`, \`NOT_A_FOLDER\`, \`NAME_TOO_LONG\`, \`LINK_LOOP\`,
\`PATH_EXISTS\`, \`PERMISSION_DENIED\`, \`READ_ONLY\`, \`FILE_SYSTEM_UNSUITED\`, \`FILE_TOO_LARGE\`, and those that may pass, which a job tries
again: \`DISK_FULL\`, \`TOO_MANY_OPEN_FILES\`, \`OUT_OF_MEMORY\`, \`FILE_BUSY\`, \`FILE_CHANGED\` and \`IO\`.

What the exit statuses mean is in [the guide to the command line](cli.md#exit-status).
`;
}
