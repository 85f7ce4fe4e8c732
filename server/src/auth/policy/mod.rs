//! AWS's policy language: who may do what to which resource, under which conditions.
//!
//! Owns: reading a policy strictly ([`document`]), deciding by one ([`evaluate`]), and what a policy that is to be kept
//! on a stream must look like ([`validate`]). Refuses: which policies apply to a call and what they add up to
//! (`auth/caller.rs`). A policy is bounded by [`BYTES_MAX`] before it is parsed, matching takes time linear in text
//! times pattern, and nothing recurses beyond what the JSON parser allows.

mod condition;
mod context;
mod document;
mod evaluate;
mod operator;
mod pattern;
mod principal;
mod validate;

#[cfg(test)]
mod tests;

pub(crate) use context::{Context, Resource};
pub(crate) use document::{Policy, PolicyError};
pub(crate) use evaluate::Decision;
pub(crate) use validate::{ResourceKind, is_shareable, validate};

/// Largest policy, in bytes (developer guide, resource-based policies: 20 KB).
pub(crate) const BYTES_MAX: usize = 20 << 10;
