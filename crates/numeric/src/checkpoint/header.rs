//! The header of a safetensors file: parsed strictly, every byte of the data accounted for.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::fault::{Fault, shown};
use super::{Dtype, TensorPlan};
use crate::Result;

/// One tensor: where it lies and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// Name.
    pub name: String,
    /// Storage type.
    pub dtype: Dtype,
    /// Sizes of the dimensions; empty for a scalar.
    pub shape: Vec<u64>,
    /// First byte, counted from the start of the data.
    pub start: u64,
    /// Byte after the last.
    pub end: u64,
}

impl TensorEntry {
    /// Number of elements.
    pub fn elements(&self) -> u64 {
        (self.end - self.start) / self.dtype.size() as u64
    }
}

/// A valid header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// In order of the data.
    pub tensors: Vec<TensorEntry>,
    /// `__metadata__`.
    pub metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

#[derive(Default)]
struct RawHeader {
    tensors: Vec<(String, RawTensor)>,
    metadata: BTreeMap<String, String>,
}

/// Object keys with a meaning in JavaScript's prototypes; harmless here, not in every reader of the same file.
const FORBIDDEN: [&str; 1] = ["__proto__"];
const METADATA: &str = "__metadata__";

/// Marks an error text as a fault, so that it survives serde's error type.
const MARK: char = '\u{1}';

fn fault_text(fault: Fault, about: &str) -> String {
    format!("{MARK}{} {about}{MARK}", fault.code())
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<RawHeader, M::Error> {
        let mut header = RawHeader::default();
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            check_name(&name, &mut seen).map_err(de::Error::custom)?;
            if name == METADATA {
                header.metadata = map.next_value_seed(Metadata)?;
            } else {
                let tensor: RawTensor = map.next_value()?;
                header.tensors.push((name, tensor));
            }
        }
        Ok(header)
    }
}

fn check_name(name: &str, seen: &mut HashSet<String>) -> std::result::Result<(), String> {
    if FORBIDDEN.contains(&name) {
        let why = format!("no tensor or key may be named {}", shown(name));
        return Err(fault_text(Fault::ForbiddenName, &why));
    }
    if !seen.insert(name.to_owned()) {
        let why = format!("the name {} stands twice in the header", shown(name));
        return Err(fault_text(Fault::DuplicateKey, &why));
    }
    Ok(())
}

struct Metadata;

impl<'de> DeserializeSeed<'de> for Metadata {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Metadata {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of strings")
    }

    fn visit_map<M: MapAccess<'de>>(
        self,
        mut map: M,
    ) -> std::result::Result<Self::Value, M::Error> {
        let mut metadata = BTreeMap::new();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            check_name(&key, &mut seen).map_err(de::Error::custom)?;
            let value: serde_json::Value = map.next_value()?;
            let serde_json::Value::String(text) = value else {
                let why = format!("__metadata__: the value of {} is no string", shown(&key));
                return Err(de::Error::custom(fault_text(
                    Fault::MetadataNotString,
                    &why,
                )));
            };
            metadata.insert(key, text);
        }
        Ok(metadata)
    }
}

impl Header {
    /// Parses and checks a header. `data_bytes`: the bytes that follow it in the file.
    pub fn parse(json: &[u8], data_bytes: u64) -> Result<Header> {
        if json.first() != Some(&b'{') {
            return Err(Fault::HeaderStart.error("the header does not start with {"));
        }
        let text = std::str::from_utf8(json).map_err(|error| {
            Fault::HeaderUtf8.error(format!(
                "byte {} of the header is not UTF-8",
                error.valid_up_to()
            ))
        })?;
        let raw = parse_raw(text)?;
        let mut tensors = Vec::with_capacity(raw.tensors.len());
        for (name, tensor) in raw.tensors {
            tensors.push(check_tensor(name, tensor, data_bytes)?);
        }
        // Empty tensors sort before the one that starts where they stand.
        tensors.sort_by(|a, b| (a.start, a.end, &a.name).cmp(&(b.start, b.end, &b.name)));
        check_cover(&tensors, data_bytes)?;
        Ok(Header {
            tensors,
            metadata: raw.metadata,
        })
    }

    /// The bytes of a header for `plans` in the given order, its length field included, padded so that the data starts at a multiple
    /// of eight; and where each tensor lies.
    pub fn compose(
        plans: &[TensorPlan],
        metadata: &BTreeMap<String, String>,
    ) -> Result<(Vec<u8>, Vec<TensorEntry>)> {
        let mut object = serde_json::Map::new();
        if !metadata.is_empty() {
            object.insert(METADATA.into(), serde_json::json!(metadata));
        }
        let mut entries = Vec::with_capacity(plans.len());
        let mut seen = HashSet::from([METADATA.to_owned()]);
        let mut start = 0u64;
        for plan in plans {
            check_name(&plan.name, &mut seen)
                .map_err(|text| fault_in(&text).unwrap_or_else(|| Fault::HeaderJson.error(text)))?;
            let bytes = byte_length(&plan.name, plan.dtype, &plan.shape)?;
            let end = start
                .checked_add(bytes)
                .filter(|end| *end <= i64::MAX as u64)
                .ok_or_else(|| Fault::SizeOverflow.error(shown(&plan.name)))?;
            object.insert(
                plan.name.clone(),
                serde_json::json!({ "dtype": plan.dtype.name(), "shape": plan.shape, "data_offsets": [start, end] }),
            );
            entries.push(TensorEntry {
                name: plan.name.clone(),
                dtype: plan.dtype,
                shape: plan.shape.clone(),
                start,
                end,
            });
            start = end;
        }
        let mut json = serde_json::Value::Object(object).to_string().into_bytes();
        json.resize(json.len().next_multiple_of(8), b' ');
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut json);
        Ok((bytes, entries))
    }
}

fn parse_raw(text: &str) -> Result<RawHeader> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = deserializer
        .deserialize_map(HeaderVisitor)
        .map_err(|error| json_fault(&error))?;
    deserializer.end().map_err(|error| json_fault(&error))?;
    Ok(raw)
}

fn json_fault(error: &serde_json::Error) -> crate::Error {
    let text = error.to_string();
    fault_in(&text).unwrap_or_else(|| {
        // A structure's own field twice is a duplicate key as well.
        if text.starts_with("duplicate field") {
            Fault::DuplicateKey.error(&text)
        } else {
            Fault::HeaderJson.error(format!("the header is not as the format asks: {text}"))
        }
    })
}

/// The fault that `check_name` and its like put into an error text.
fn fault_in(text: &str) -> Option<crate::Error> {
    let marked = text.split(MARK).nth(1)?;
    Some(crate::Error::new(crate::Reason::CorruptFile, marked))
}

fn byte_length(name: &str, dtype: Dtype, shape: &[u64]) -> Result<u64> {
    shape
        .iter()
        .try_fold(dtype.size() as u64, |product, size| {
            product.checked_mul(*size)
        })
        .filter(|bytes| *bytes <= i64::MAX as u64)
        .ok_or_else(|| {
            Fault::SizeOverflow.error(format!(
                "tensor {}: the shape {shape:?} is larger than any file",
                shown(name)
            ))
        })
}

fn check_tensor(name: String, raw: RawTensor, data_bytes: u64) -> Result<TensorEntry> {
    let (start, end) = raw.data_offsets;
    let dtype = Dtype::from_name(&raw.dtype).ok_or_else(|| {
        Fault::UnknownDtype.error(format!(
            "tensor {}: the storage type {} is not supported",
            shown(&name),
            shown(&raw.dtype)
        ))
    })?;
    let bytes = byte_length(&name, dtype, &raw.shape)?;
    if start > end || end > data_bytes {
        return Err(Fault::OffsetPastEnd.error(format!(
            "tensor {}: bytes {start} to {end} of data that has {data_bytes}; is the file cut off?",
            shown(&name)
        )));
    }
    if end - start != bytes {
        return Err(Fault::SizeMismatch.error(format!(
            "tensor {}: {:?} of {} takes {bytes} bytes, the header gives {}",
            shown(&name),
            raw.shape,
            dtype.name(),
            end - start
        )));
    }
    Ok(TensorEntry {
        name,
        dtype,
        shape: raw.shape,
        start,
        end,
    })
}

fn check_cover(tensors: &[TensorEntry], data_bytes: u64) -> Result<()> {
    let mut covered = 0u64;
    for tensor in tensors {
        if tensor.start > covered {
            return Err(Fault::DataHole.error(format!(
                "bytes {covered} to {} before tensor {} belong to no tensor",
                tensor.start,
                shown(&tensor.name)
            )));
        }
        if tensor.start < covered {
            return Err(Fault::DataOverlap.error(format!(
                "tensor {} starts at byte {} of data used up to {covered}",
                shown(&tensor.name),
                tensor.start
            )));
        }
        covered = tensor.end;
    }
    if covered < data_bytes {
        return Err(Fault::TrailingBytes.error(format!(
            "{} bytes after the last tensor belong to none",
            data_bytes - covered
        )));
    }
    Ok(())
}
