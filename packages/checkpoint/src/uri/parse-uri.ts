import { invalidInput } from '@eigenloom/errors';

export type ParsedUri =
  | { readonly scheme: 'file'; readonly path: string }
  | { readonly scheme: 'job'; readonly name: string; readonly path: string }
  | { readonly scheme: 'hf'; readonly repository: string; readonly revision: string }
  | { readonly scheme: 's3'; readonly bucket: string; readonly prefix: string };

const MAX_URI_LENGTH = 4096;

/**
 * Takes a URI apart: `file:PATH`, a bare path, `job:NAME[/PATH]`, `hf:[OWNER/]NAME[@REVISION]`, `s3:BUCKET/PREFIX`. Nothing is
 * percent-decoded, and encoded dots, separators, NULs and percent signs are refused, so that no later decoder sees another path.
 * Errors: `INVALID_URI`, `UNSUPPORTED_URI`.
 */
export function parseUri(uri: string, field: string): ParsedUri {
  const refuse = (why: string): Error => invalidInput('INVALID_URI', field, why);
  if (uri === '') throw refuse('is empty');
  if (uri.length > MAX_URI_LENGTH) throw refuse(`is longer than ${MAX_URI_LENGTH} characters`);
  if (hasControlCharacter(uri)) throw refuse('has a control character');
  if (/%(?:2e|2f|5c|25|00)/i.test(uri)) throw refuse('has an encoded dot, separator or percent sign');
  if (/(?:^|[/\\:])\.\.\\|\\\.\.(?:$|[/\\])/.test(uri)) throw refuse('goes up by a backslash');
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(uri) ?? [];
  switch (scheme) {
    case '':
      return { scheme: 'file', path: uri };
    case 'file':
      return { scheme: 'file', path: filePath(rest, refuse) };
    case 'job':
      return jobUri(rest, refuse);
    case 'hf':
      return hubUri(rest, refuse);
    case 's3':
      return s3Uri(rest, refuse);
    default:
      throw invalidInput(
        'UNSUPPORTED_URI',
        field,
        `the scheme ${scheme.slice(0, 20)}: is not file, job, hf or s3`,
      );
  }
}

function hasControlCharacter(text: string): boolean {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).some((code) => code < 0x20);
}

type Refuse = (why: string) => Error;

/** `file:PATH` and `file:///PATH`; a host is refused. */
function filePath(rest: string, refuse: Refuse): string {
  if (rest === '') throw refuse('names no file');
  if (!rest.startsWith('//')) return rest;
  if (!rest.startsWith('///')) throw refuse('names a host');
  return rest.slice(2);
}

function checkInner(path: string, refuse: Refuse): string {
  const parts = path.split('/');
  if (path.includes('\\') || parts.some((part) => part === '..' || part === '.')) {
    throw refuse('leaves its folder');
  }
  if (path !== '' && parts.includes('')) throw refuse('has an empty path component');
  return path;
}

function jobUri(rest: string, refuse: Refuse): ParsedUri {
  const inner = rest.startsWith('operations/') ? rest.slice('operations/'.length) : rest;
  const slash = inner.indexOf('/');
  const name = slash < 0 ? inner : inner.slice(0, slash);
  if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(name)) throw refuse('names no job');
  return { scheme: 'job', name, path: slash < 0 ? '' : checkInner(inner.slice(slash + 1), refuse) };
}

const HUB_NAME = /^(?:[A-Za-z0-9][\w.-]{0,95}\/)?[A-Za-z0-9][\w.-]{0,95}$/;
const HUB_REVISION = /^[A-Za-z0-9][\w./-]{0,127}$/;

function hubUri(rest: string, refuse: Refuse): ParsedUri {
  const [repository = '', revision = 'main', ...more] = rest.split('@');
  if (more.length > 0 || !HUB_NAME.test(repository) || repository.includes('..')) {
    throw refuse('is not hf:OWNER/NAME[@REVISION]');
  }
  if (!HUB_REVISION.test(revision) || revision.includes('..')) throw refuse('has a bad revision');
  return { scheme: 'hf', repository, revision };
}

function s3Uri(rest: string, refuse: Refuse): ParsedUri {
  const [, bucket, prefix = ''] =
    /^(?:\/\/)?([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === undefined) throw refuse('is not s3:BUCKET/PREFIX');
  return { scheme: 's3', bucket, prefix: checkInner(prefix.replace(/\/$/, ''), refuse) };
}
