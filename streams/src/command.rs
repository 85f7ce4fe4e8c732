//! The persisted commands of Data Streams.
