//! What can be wrong with a safetensors file. The codes are stable: they are the first word of a `CorruptFile` error's detail.

use crate::{Error, Reason};

/// One way to break the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Shorter than the eight bytes that give the header's length.
    TooShort,
    /// The header is longer than the configured cap.
    HeaderTooLarge,
    /// The header ends after the file does.
    HeaderPastEnd,
    /// The header does not start with `{`.
    HeaderStart,
    /// The header is not UTF-8.
    HeaderUtf8,
    /// The header is not the JSON that the format asks for.
    HeaderJson,
    /// A name occurs twice.
    DuplicateKey,
    /// A name that is unsafe as a key in other languages.
    ForbiddenName,
    /// `__metadata__` holds something other than strings.
    MetadataNotString,
    /// A storage type that does not exist or is not supported.
    UnknownDtype,
    /// shape × size of an element exceeds 2⁶³.
    SizeOverflow,
    /// shape × size of an element differs from the bytes given.
    SizeMismatch,
    /// A tensor's bytes are reversed or end after the file does.
    OffsetPastEnd,
    /// Bytes between two tensors belong to none.
    DataHole,
    /// Two tensors share bytes.
    DataOverlap,
    /// Bytes after the last tensor belong to none.
    TrailingBytes,
    /// The file got shorter after it was opened.
    Truncated,
}

impl Fault {
    /// The code, UPPER_SNAKE.
    pub fn code(self) -> &'static str {
        match self {
            Fault::TooShort => "TOO_SHORT",
            Fault::HeaderTooLarge => "HEADER_TOO_LARGE",
            Fault::HeaderPastEnd => "HEADER_PAST_END",
            Fault::HeaderStart => "HEADER_START",
            Fault::HeaderUtf8 => "HEADER_UTF8",
            Fault::HeaderJson => "HEADER_JSON",
            Fault::DuplicateKey => "DUPLICATE_KEY",
            Fault::ForbiddenName => "FORBIDDEN_NAME",
            Fault::MetadataNotString => "METADATA_NOT_STRING",
            Fault::UnknownDtype => "UNKNOWN_DTYPE",
            Fault::SizeOverflow => "SIZE_OVERFLOW",
            Fault::SizeMismatch => "SIZE_MISMATCH",
            Fault::OffsetPastEnd => "OFFSET_PAST_END",
            Fault::DataHole => "DATA_HOLE",
            Fault::DataOverlap => "DATA_OVERLAP",
            Fault::TrailingBytes => "TRAILING_BYTES",
            Fault::Truncated => "TRUNCATED",
        }
    }

    /// An error whose detail is the code, a space, and what it is about.
    pub fn error(self, about: impl AsRef<str>) -> Error {
        Error::new(
            Reason::CorruptFile,
            format!("{} {}", self.code(), about.as_ref()),
        )
    }
}

/// A name from a file as it may be shown: quoted, control characters escaped, at most 120 characters.
pub fn shown(name: &str) -> String {
    let mut short: String = name.chars().take(120).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("{short:?}")
}
