//! The operations of the service; see `api/mod.rs` for how one is added.

crate::api::operations! {}
