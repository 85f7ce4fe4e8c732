//! STS: who am I. See `api/mod.rs` for how one is added.

mod get_caller_identity;

crate::api::operations! {
    GetCallerIdentity => get_caller_identity,
}
