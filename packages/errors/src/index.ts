export { AppError, type ErrorKind, type ErrorOptions, type FieldViolation } from './app-error.js';
export {
  alreadyExists,
  cancelled,
  conflict,
  corruptData,
  dependencyDown,
  incompatible,
  internal,
  invalidInput,
  limitExceeded,
  notFound,
  numericFailure,
} from './kinds.js';
export { about, atPath, withPath } from './about.js';
export { isAbsent, isErrno } from './errno.js';
export { toAppError } from './normalize.js';
export { errnoName, systemError } from './system-error.js';
