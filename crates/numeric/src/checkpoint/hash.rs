//! SHA-256 of a file.

use std::fs::File;
use std::path::Path;

use super::running_hash::RunningHash;
use crate::{Result, Task};

/// Bytes between two reports of progress.
const STRETCH: u64 = 1 << 23;

/// Lower-case hex digest of a file's content.
pub fn sha256_file(path: &Path, task: &Task) -> Result<String> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    task.set_total(length);
    let mut hash = RunningHash::default();
    for end in (STRETCH..length).step_by(STRETCH as usize) {
        hash.read(&file, end, task)?;
        task.advance(STRETCH);
    }
    hash.read(&file, length, task)?;
    Ok(hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-2, appendix B.1.
    #[test]
    fn digest_of_abc_is_that_of_the_standard() {
        let path = std::env::temp_dir().join(format!("eigenloom-hash-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        let digest = sha256_file(&path, &Task::new()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            digest,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
