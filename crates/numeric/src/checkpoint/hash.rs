//! SHA-256 of a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Result, Task};

const BLOCK: usize = 1 << 20;

/// Lower-case hex digest of a file's content.
pub fn sha256_file(path: &Path, task: &Task) -> Result<String> {
    let mut file = File::open(path)?;
    task.set_total(file.metadata()?.len());
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        task.check()?;
        let length = file.read(&mut block)?;
        if length == 0 {
            break;
        }
        hash.update(&block[..length]);
        task.advance(length as u64);
    }
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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
