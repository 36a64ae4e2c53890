//! Each way to break the format, and the odd forms that are valid.

use super::*;
use crate::Reason;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("eigenloom-header-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open_bytes(name: &str, bytes: &[u8]) -> crate::Result<SafetensorsFile> {
    let folder = Folder::new(name);
    let path = folder.0.join("model.safetensors");
    std::fs::write(&path, bytes).unwrap();
    SafetensorsFile::open(&path, OpenOptions::default())
}

fn file_of(header: &[u8], data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn fault_of(name: &str, bytes: &[u8]) -> String {
    let error = open_bytes(name, bytes).unwrap_err();
    assert_eq!(error.reason, Reason::CorruptFile);
    error.detail.split(' ').next().unwrap().to_owned()
}

fn fault(name: &str, header: &str, data: usize) -> String {
    fault_of(name, &file_of(header.as_bytes(), data))
}

#[test]
fn a_file_without_a_length_is_too_short() {
    assert_eq!(fault_of("short", b"1234567"), "TOO_SHORT");
}

#[test]
fn a_header_over_the_cap_is_refused() {
    let mut bytes = (100_000_001u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(b"{}");
    assert_eq!(fault_of("cap", &bytes), "HEADER_TOO_LARGE");
}

#[test]
fn a_configured_cap_is_kept() {
    let folder = Folder::new("configured");
    let path = folder.0.join("x");
    std::fs::write(&path, file_of(b"{}      ", 0)).unwrap();
    let options = OpenOptions {
        max_header_bytes: 7,
    };
    let error = SafetensorsFile::open(&path, options).unwrap_err();
    assert!(error.detail.starts_with("HEADER_TOO_LARGE "));
}

#[test]
fn a_header_past_the_end_is_refused() {
    let mut bytes = 100u64.to_le_bytes().to_vec();
    bytes.extend_from_slice(b"{}");
    assert_eq!(fault_of("past", &bytes), "HEADER_PAST_END");
}

#[test]
fn a_header_that_starts_otherwise_is_refused() {
    assert_eq!(fault("start", " {}", 0), "HEADER_START");
    assert_eq!(fault("empty", "", 0), "HEADER_START");
    assert_eq!(fault("array", "[]", 0), "HEADER_START");
}

#[test]
fn invalid_utf8_is_refused() {
    assert_eq!(
        fault_of("utf8", &file_of(b"{\"\xff\":1}", 0)),
        "HEADER_UTF8"
    );
}

#[test]
fn invalid_json_is_refused() {
    assert_eq!(fault("json", "{\"a\":", 0), "HEADER_JSON");
    assert_eq!(fault("trailing", "{} x", 0), "HEADER_JSON");
    assert_eq!(
        fault(
            "negative",
            r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            4
        ),
        "HEADER_JSON"
    );
    assert_eq!(
        fault(
            "field",
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#,
            4
        ),
        "HEADER_JSON"
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{{\"__metadata__\":{{\"a\":{}", "[".repeat(100_000));
    assert_eq!(fault("deep", &deep, 0), "HEADER_JSON");
}

#[test]
fn duplicate_keys_are_refused() {
    let tensor = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    assert_eq!(
        fault("twice", &format!("{{{tensor},{tensor}}}"), 4),
        "DUPLICATE_KEY"
    );
    // The same name behind an escape.
    let escaped = tensor.replace("\"a\"", "\"\\u0061\"");
    assert_eq!(
        fault("escaped", &format!("{{{tensor},{escaped}}}"), 4),
        "DUPLICATE_KEY"
    );
    assert_eq!(
        fault("meta", r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0),
        "DUPLICATE_KEY"
    );
    let field = r#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("field_twice", field, 4), "DUPLICATE_KEY");
}

#[test]
fn proto_is_refused_as_a_name() {
    let header = r#"{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("proto", header, 4), "FORBIDDEN_NAME");
    assert_eq!(
        fault("proto_meta", r#"{"__metadata__":{"__proto__":"x"}}"#, 0),
        "FORBIDDEN_NAME"
    );
}

#[test]
fn metadata_must_be_strings() {
    assert_eq!(
        fault("number", r#"{"__metadata__":{"k":1}}"#, 0),
        "METADATA_NOT_STRING"
    );
    assert_eq!(fault("list", r#"{"__metadata__":[]}"#, 0), "HEADER_JSON");
}

#[test]
fn holes_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;
    assert_eq!(fault("hole", header, 12), "DATA_HOLE");
}

#[test]
fn overlaps_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert_eq!(fault("overlap", header, 8), "DATA_OVERLAP");
    // An empty tensor inside another claims no bytes but stands at no boundary.
    let inside = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#;
    assert_eq!(fault("inside", inside, 8), "DATA_OVERLAP");
}

#[test]
fn trailing_bytes_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("trail", header, 5), "TRAILING_BYTES");
}

#[test]
fn offsets_past_the_end_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("truncated", header, 3), "OFFSET_PAST_END");
    let reversed = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#;
    assert_eq!(fault("reversed", reversed, 4), "OFFSET_PAST_END");
}

#[test]
fn shape_times_size_must_be_the_bytes() {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("mismatch", header, 4), "SIZE_MISMATCH");
}

#[test]
fn sizes_that_overflow_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("overflow", header, 4), "SIZE_OVERFLOW");
}

#[test]
fn unknown_types_are_refused() {
    let header = r#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#;
    assert_eq!(fault("dtype", header, 4), "UNKNOWN_DTYPE");
}

#[test]
fn scalars_and_empty_dimensions_are_accepted() {
    let header = r#"{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F64","shape":[3,0],"data_offsets":[0,0]},"__metadata__":{"format":"pt"}}"#;
    let file = open_bytes("scalars", &file_of(header.as_bytes(), 4)).unwrap();
    assert_eq!(file.tensor("s").unwrap().elements(), 1);
    assert_eq!(file.tensor("e").unwrap().elements(), 0);
    assert_eq!(file.header().metadata["format"], "pt");
}

#[test]
fn an_empty_file_of_tensors_is_accepted() {
    assert!(
        open_bytes("none", &file_of(b"{}", 0))
            .unwrap()
            .header()
            .tensors
            .is_empty()
    );
}

#[test]
fn names_are_escaped_and_cut_in_messages() {
    let name = "x".repeat(500) + "\\n";
    let header = format!(r#"{{"{name}":{{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}}}"#);
    let error = open_bytes("long", &file_of(header.as_bytes(), 4)).unwrap_err();
    assert!(error.detail.len() < 300);
    assert!(!error.detail.contains('\n'));
}

#[test]
fn a_file_that_shrinks_after_opening_is_an_error() {
    let folder = Folder::new("shrinks");
    let path = folder.0.join("x");
    let header = r#"{"a":{"dtype":"F32","shape":[4096],"data_offsets":[0,16384]}}"#;
    std::fs::write(&path, file_of(header.as_bytes(), 16384)).unwrap();
    let file = SafetensorsFile::open(&path, OpenOptions::default()).unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(100)
        .unwrap();
    let error = read::read::<f32>(&file, "a", &crate::Task::new()).unwrap_err();
    assert!(error.detail.starts_with("TRUNCATED "));
}
