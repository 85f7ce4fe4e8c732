//! What the tests and measurements of the whole share. Never shipped.
//!
//! Owns: `tests/tidy` (the rules of the house) and `bin/load` (the load generator). Refuses to be imported by the
//! product. Read next: `bin/load/main.rs`, or `../tests/tidy/main.rs`.
