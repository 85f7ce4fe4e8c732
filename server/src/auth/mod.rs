//! Who is calling, and what they may do.
//!
//! Owns: the gate between a request and a handler ([`gate`]), the [`Caller`] that it makes, and the policy language
//! ([`policy`]). Refuses: the signature algorithm (`wire::sigv4`), where keys are kept (`keys/`), and where resource
//! policies are kept (`streams`). Read `gate.rs` next for who gets in, `caller.rs` for what they may do.

mod action;
mod caller;
mod gate;
mod identity;
pub(crate) mod policy;

pub(crate) use action::Action;
pub(crate) use caller::{Caller, Peer};
pub(crate) use gate::Keys;
pub(crate) use identity::Identity;
