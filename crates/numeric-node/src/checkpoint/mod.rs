mod file;
mod fold;
mod hash;
mod writer;

pub use file::NativeSafetensorsFile;
pub use fold::NativeFoldShape;
pub use writer::NativeSafetensorsWriter;
