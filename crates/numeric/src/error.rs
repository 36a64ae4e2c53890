//! Errors as reason codes: the bridge passes `reason` and `detail` on, and TypeScript makes the sentence.

use std::fmt;

/// Why a call failed. The names cross the bridge unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller cancelled.
    Cancelled,
    /// Shapes do not fit each other or the operation.
    ShapeMismatch,
    /// A value outside its range.
    OutOfRange,
    /// NaN or infinity where finite numbers are needed.
    NonFinite,
    /// An iteration did not converge.
    NoConvergence,
    /// A matrix that is singular or not positive definite.
    Singular,
    /// The file breaks its format.
    CorruptFile,
    /// A named tensor that the file does not have.
    UnknownTensor,
    /// A storage type that the operation does not take.
    UnsupportedDtype,
    /// A size over its limit.
    LimitExceeded,
    /// The operating system refused.
    Io,
}

impl Reason {
    /// The code that crosses the bridge, UPPER_SNAKE.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Cancelled => "CANCELLED",
            Reason::ShapeMismatch => "SHAPE_MISMATCH",
            Reason::OutOfRange => "OUT_OF_RANGE",
            Reason::NonFinite => "NON_FINITE",
            Reason::NoConvergence => "NO_CONVERGENCE",
            Reason::Singular => "SINGULAR",
            Reason::CorruptFile => "CORRUPT_FILE",
            Reason::UnknownTensor => "UNKNOWN_TENSOR",
            Reason::UnsupportedDtype => "UNSUPPORTED_DTYPE",
            Reason::LimitExceeded => "LIMIT_EXCEEDED",
            Reason::Io => "IO",
        }
    }
}

/// A failed call: the reason, and what it is about (a tensor's name, an offset, an errno) in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Why.
    pub reason: Reason,
    /// What it is about.
    pub detail: String,
}

impl Error {
    /// Makes an error.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason.code(), self.detail)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(Reason::Io, error.to_string())
    }
}

/// The result of every fallible call.
pub type Result<T> = std::result::Result<T, Error>;
