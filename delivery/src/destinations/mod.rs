//! Where objects go. Each destination is a folder with the same files: `mod`, `config`, `client`, `tests`.

pub(crate) mod s3;
