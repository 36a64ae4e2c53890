//! What is written can be read again; what fails leaves nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::{Reason, Task};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("eigenloom-write-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn entries(&self) -> usize {
        std::fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn plan(name: &str, dtype: Dtype, shape: &[u64]) -> TensorPlan {
    TensorPlan {
        name: name.into(),
        dtype,
        shape: shape.to_vec(),
    }
}

fn create(path: &Path, plans: Vec<TensorPlan>) -> SafetensorsWriter {
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    SafetensorsWriter::create(path, plans, &metadata).unwrap()
}

#[test]
fn tensors_of_several_types_survive() {
    let folder = Folder::new("types");
    let path = folder.0.join("x.safetensors");
    let values = [1.5f32, -2.0, 0.25, 3.0];
    let task = Task::new();
    let writer = create(
        &path,
        vec![
            plan("a", Dtype::F16, &[2, 2]),
            plan("b", Dtype::F64, &[4]),
            plan("c", Dtype::U8, &[3]),
            plan("e", Dtype::F32, &[0, 5]),
        ],
    );
    writer.write("a", &values, &task).unwrap();
    writer.write("b", &values, &task).unwrap();
    writer.write_raw("c", &[1, 2, 3]).unwrap();
    writer.finish(&Task::new()).unwrap();
    let file = SafetensorsFile::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(read::read::<f32>(&file, "a", &task).unwrap(), values);
    assert_eq!(read::read::<f32>(&file, "b", &task).unwrap(), values);
    assert_eq!(read::read_raw(&file, "c", &task).unwrap(), [1, 2, 3]);
    let part = |name, range| read::read_part::<f64>(&file, name, range, &task);
    assert_eq!(part("a", 1..3).unwrap(), [-2.0, 0.25]);
    assert_eq!(part("b", 3..4).unwrap(), [3.0]);
    assert!(part("b", 4..4).unwrap().is_empty());
    assert_eq!(part("a", 2..5).unwrap_err().reason, Reason::OutOfRange);
    assert_eq!(file.tensor("a").unwrap().shape, [2, 2]);
    assert_eq!(folder.entries(), 1);
}

#[test]
fn an_unfinished_file_disappears() {
    let folder = Folder::new("unfinished");
    let writer = create(&folder.0.join("x"), vec![plan("a", Dtype::F32, &[2])]);
    assert_eq!(folder.entries(), 1);
    let error = writer.finish(&Task::new()).unwrap_err();
    assert_eq!(error.reason, Reason::OutOfRange);
    assert_eq!(folder.entries(), 0);
}

// Writing to a pipe's path is not possible here; a file size limit of the process would hit other tests. /dev/full fails every write
// with ENOSPC and stands for a full disk.
#[test]
fn a_full_disk_is_an_error_of_the_system() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let error = crate::Error::from(
        std::os::unix::fs::FileExt::write_all_at(&full, &[0; 10], 0).unwrap_err(),
    );
    assert_eq!(error.reason, Reason::Io);
    assert!(error.detail.contains("os error 28"));
}

#[test]
fn the_wrong_number_of_elements_is_refused() {
    let folder = Folder::new("elements");
    let writer = create(&folder.0.join("x"), vec![plan("a", Dtype::F32, &[2])]);
    let error = writer.write("a", &[1f32], &Task::new()).unwrap_err();
    assert_eq!(error.reason, Reason::ShapeMismatch);
}

#[test]
fn a_name_twice_is_refused() {
    let folder = Folder::new("twice");
    let plans = vec![plan("a", Dtype::F32, &[1]), plan("a", Dtype::F32, &[1])];
    let error =
        SafetensorsWriter::create(&folder.0.join("x"), plans, &BTreeMap::new()).unwrap_err();
    assert!(error.detail.starts_with("DUPLICATE_KEY "));
    assert_eq!(folder.entries(), 0);
}

#[test]
fn non_finite_values_are_counted() {
    let folder = Folder::new("finite");
    let path = folder.0.join("x");
    let task = Task::new();
    let writer = create(&path, vec![plan("a", Dtype::Bf16, &[4])]).allow_non_finite(true);
    writer
        .write("a", &[1.0, f32::NAN, f32::INFINITY, 1e38], &task)
        .unwrap();
    writer.finish(&Task::new()).unwrap();
    let file = SafetensorsFile::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(non_finite::count(&file, "a", &task).unwrap(), 2);
}

#[test]
fn a_cancelled_read_stops() {
    let folder = Folder::new("cancel");
    let path = folder.0.join("x");
    let writer = create(&path, vec![plan("a", Dtype::F32, &[4])]);
    writer.write("a", &[0f32; 4], &Task::new()).unwrap();
    writer.finish(&Task::new()).unwrap();
    let file = SafetensorsFile::open(&path, OpenOptions::default()).unwrap();
    let task = Task::new();
    task.cancel();
    assert_eq!(
        read::read::<f32>(&file, "a", &task).unwrap_err().reason,
        Reason::Cancelled
    );
}

#[test]
fn values_that_leave_the_range_of_their_type_are_refused_and_leave_nothing() {
    let folder = Folder::new("overflow");
    let path = folder.0.join("x.safetensors");
    let task = Task::new();
    // (type, a value that fits, one that does not): 65520 and 464.5 round up; bf16 has the range of f32 but not its last step.
    for (dtype, fits, beyond) in [
        (Dtype::F16, 65519.0, 65520.0),
        (Dtype::Bf16, 3.38e38, f64::from(f32::MAX)),
        (Dtype::F32, f64::from(f32::MAX), 1e39),
        (Dtype::F8E4m3, 464.0, 464.5),
        (Dtype::F8E5m2, 61439.0, 61440.0),
        (Dtype::F64, f64::MAX, f64::NAN),
    ] {
        let write = |value: f64| {
            let plans = vec![plan("a", dtype, &[2]), plan("w", dtype, &[3])];
            let writer = create(&path, plans);
            writer.write("a", &[0.0, 1.0], &task).unwrap();
            writer.write("w", &[value, 1.0, value], &task).unwrap();
            writer
        };
        write(fits).finish(&task).unwrap();
        std::fs::remove_file(&path).unwrap();

        let writer = write(beyond);
        let found = writer.non_finite();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].tensor.name.as_str(), found[0].count), ("w", 2));
        let error = writer.finish(&task).unwrap_err();
        assert_eq!(error.reason, Reason::NonFinite, "{dtype:?}");
        assert_eq!(folder.entries(), 0);

        write(beyond).allow_non_finite(true).finish(&task).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn bytes_that_are_copied_are_not_judged() {
    let folder = Folder::new("copied");
    let path = folder.0.join("x.safetensors");
    let writer = create(&path, vec![plan("w", Dtype::F16, &[1])]);
    writer.write_raw("w", &[0x00, 0x7c]).unwrap();
    writer.finish(&Task::new()).unwrap();
}
