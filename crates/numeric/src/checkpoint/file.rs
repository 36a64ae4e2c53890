//! An open safetensors file. Read by positioned reads rather than a memory map: a file that shrinks under a map kills the process
//! with SIGBUS, a short read is an error.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::fault::{Fault, shown};
use super::header::{Header, TensorEntry};
use crate::{Error, Reason, Result};

/// Largest header that is read, as in the reference implementation.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;

/// How to open a file.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// Cap of the header in bytes; values above [`MAX_HEADER_BYTES`] count as that.
    pub max_header_bytes: u64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            max_header_bytes: MAX_HEADER_BYTES,
        }
    }
}

/// A safetensors file whose header has been checked.
#[derive(Debug)]
pub struct SafetensorsFile {
    file: File,
    header: Header,
    data_start: u64,
    length: u64,
    by_name: HashMap<String, usize>,
}

impl SafetensorsFile {
    /// Opens a file and checks its header against its length.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Error::new(Reason::Io, "not a regular file"));
        }
        let length = metadata.len();
        if length < 8 {
            return Err(Fault::TooShort.error(format!(
                "the file has {length} bytes, too few for a header; is it complete?"
            )));
        }
        let mut size = [0u8; 8];
        file.read_exact_at(&mut size, 0)?;
        let header_bytes = u64::from_le_bytes(size);
        let cap = options.max_header_bytes.min(MAX_HEADER_BYTES);
        if header_bytes > cap {
            return Err(Fault::HeaderTooLarge.error(format!(
                "a header of {header_bytes} bytes, the limit is {cap}; is it a safetensors file?"
            )));
        }
        if header_bytes > length - 8 {
            return Err(Fault::HeaderPastEnd.error(format!(
                "a header of {header_bytes} bytes in a file of {length}; is the file cut off?"
            )));
        }
        let mut json = vec![0u8; header_bytes as usize];
        file.read_exact_at(&mut json, 8).map_err(truncated)?;
        let data_start = 8 + header_bytes;
        let header = Header::parse(&json, length - data_start)?;
        let by_name = header
            .tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| (tensor.name.clone(), index))
            .collect();
        Ok(Self {
            file,
            header,
            data_start,
            length,
            by_name,
        })
    }

    /// The checked header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The entry of a tensor.
    pub fn tensor(&self, name: &str) -> Result<&TensorEntry> {
        self.by_name
            .get(name)
            .map(|index| &self.header.tensors[*index])
            .ok_or_else(|| Error::new(Reason::UnknownTensor, shown(name)))
    }

    /// Bytes of the file when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Device and inode: which file this is, whatever has its name now.
    pub fn identity(&self) -> Result<String> {
        let metadata = self.file.metadata()?;
        Ok(format!("{}-{}", metadata.dev(), metadata.ino()))
    }

    /// Where byte `offset` of a tensor stands in the file.
    pub fn position(&self, tensor: &TensorEntry, offset: u64) -> u64 {
        self.data_start + tensor.start + offset
    }

    /// Where the first tensor begins.
    pub fn data_start(&self) -> u64 {
        self.data_start
    }

    /// Fills `bytes` from a position in the file.
    pub fn read_at(&self, position: u64, bytes: &mut [u8]) -> Result<()> {
        Ok(self.file.read_exact_at(bytes, position)?)
    }

    /// Fills `bytes` from byte `offset` of a tensor.
    pub fn read_bytes(&self, tensor: &TensorEntry, offset: u64, bytes: &mut [u8]) -> Result<()> {
        if offset + bytes.len() as u64 > tensor.end - tensor.start {
            return Err(Error::new(Reason::OutOfRange, shown(&tensor.name)));
        }
        self.file
            .read_exact_at(bytes, self.position(tensor, offset))
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    Fault::Truncated.error(format!("tensor {}", shown(&tensor.name)))
                }
                _ => error.into(),
            })
    }
}

fn truncated(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Fault::Truncated.error("the header"),
        _ => error.into(),
    }
}
