//! The clients: those who write, read, are pushed to, and change the streams under all of them.

mod control;
mod reader;
mod shards;
mod subscriber;
mod writer;

pub(crate) use control::control;
pub(crate) use reader::reader;
pub(crate) use subscriber::subscriber;
pub(crate) use writer::writer;
