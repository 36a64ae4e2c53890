export { aboutField } from './about-field.js';
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
export { toAppError } from './normalize.js';
