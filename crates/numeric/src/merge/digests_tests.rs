//! The digests that a merge takes are those of the files, however these are laid out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::chunk::CHUNK;
use super::{InputDigests, Resources, TensorMerge, merge_files};
use crate::Task;
use crate::checkpoint::{Dtype, OpenOptions, SafetensorsFile, SafetensorsWriter, TensorPlan};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("eigenloom-digests-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A name with its number of elements.
type Tensor = (&'static str, usize);

/// Writes F32 tensors in the order given, with a header of odd length.
fn write(path: &Path, tensors: &[Tensor], seed: u32) {
    let mut header = String::from("{");
    let mut data = Vec::new();
    for (name, elements) in tensors {
        let start = data.len();
        for i in 0..*elements as u32 {
            let value = (i.wrapping_mul(2_654_435_761) >> 20) as f32 + seed as f32;
            data.extend(value.to_le_bytes());
        }
        let end = data.len();
        let comma = if start == 0 { "" } else { "," };
        header += &format!(
            r#"{comma}"{name}":{{"dtype":"F32","shape":[{elements}],"data_offsets":[{start},{end}]}}"#
        );
    }
    header += "}";
    while header.len() % 8 != 5 {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

fn sha256(path: &Path) -> String {
    Sha256::digest(std::fs::read(path).unwrap())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

const BIG: usize = 70 * CHUNK + 13;
const SMALL: usize = 1001;
/// As writers order them.
const MERGED: [Tensor; 4] = [("a", SMALL), ("b", BIG), ("c", 7), ("d", BIG)];

/// Merges two models, tensor by tensor, and returns the digests of both and of the result.
fn merge(folder: &Path, threads: usize) -> Vec<String> {
    let open = |name| SafetensorsFile::open(&folder.join(name), OpenOptions::default()).unwrap();
    let files = ["x", "y"].map(|name| Arc::new(open(name)));
    let plan = |(name, elements): &Tensor| TensorPlan {
        name: (*name).into(),
        dtype: Dtype::Bf16,
        shape: vec![*elements as u64],
    };
    let plans = MERGED.iter().map(plan).collect();
    let out = folder.join("out");
    let writer = SafetensorsWriter::create(&out, plans, &BTreeMap::new()).unwrap();
    let resources = Resources {
        files: files.to_vec(),
        writers: vec![Arc::new(writer)],
        ..Resources::default()
    };
    let merge = |(name, _): &Tensor| {
        let source = |file| format!(r#"{{"file":{file},"tensor":"{name}","pairs":[]}}"#);
        let (x, y) = (source(0), source(1));
        let sum = r#"{"step":"sum","divisor":"weights","weights":[1,1]}"#;
        let json = format!(
            r#"{{"name":"{name}","models":[{x},{y}],"base":null,"writer":0,"steps":[{sum}],"seed":"0"}}"#
        );
        TensorMerge::parse(&json, &resources).unwrap()
    };
    let merges: Vec<TensorMerge> = MERGED.iter().map(merge).collect();
    let writer = resources.writers.into_iter().next().unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let mut found = pool.install(|| {
        let (task, digests) = (Task::new(), InputDigests::new(&files));
        // In two runs, as the shards of a result are merged.
        let (first, second) = merges.split_at(2);
        for merges in [first, second] {
            let report = merge_files(merges, &digests, false, &task).unwrap();
            assert!(report.disagreeing.is_empty());
        }
        digests.finish(&task).unwrap()
    });
    drop(merges);
    let writer = Arc::into_inner(writer).unwrap();
    found.push(writer.finish(&Task::new()).unwrap());
    found
}

#[test]
fn digests_are_those_of_the_files_in_any_order_and_with_gaps() {
    // In the order of the merge; the other way round; between tensors that the merge does not use.
    let layouts: [&[Tensor]; 3] = [
        &MERGED,
        &[("d", BIG), ("c", 7), ("b", BIG), ("a", SMALL)],
        &[
            ("unused", 3 * CHUNK),
            ("b", BIG),
            ("odd", 1),
            ("a", SMALL),
            ("d", BIG),
            ("other", 5 * CHUNK),
            ("c", 7),
            ("last", 9),
        ],
    ];
    let folder = Folder::new("layouts");
    let paths = ["x", "y", "out"].map(|name| folder.0.join(name));
    let mut results = Vec::new();
    for (x, y) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
        write(&paths[0], layouts[x], 1);
        write(&paths[1], layouts[y], 2);
        for threads in [1, 2, 8] {
            let digests = merge(&folder.0, threads);
            assert_eq!(
                digests,
                paths.each_ref().map(|path| sha256(path)),
                "{x} {y} {threads}"
            );
            results.push(digests[2].clone());
        }
    }
    results.dedup();
    assert_eq!(results.len(), 1);
}
