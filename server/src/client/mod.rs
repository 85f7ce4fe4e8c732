//! A client of the services, for the demo and for the commands that people type: JSON over HTTP/1.1, signed.
//!
//! Owns: where the service is, who signs, one call with its time limit, what a refusal means. Refuses: what is put or read
//! (`cli/`, `demo/`). It works against a local server and against AWS alike. Our shapes, signer and HTTP already are in
//! the binary, so of the AWS SDK only the part that finds credentials is used.
//! Read `call.rs` next for a call, `target.rs` for how the service is found.

mod call;
mod error;
mod identity;
mod service;
mod target;
mod tls;

pub(crate) use call::Client;
pub(crate) use error::{CallError, ConnectError};
pub(crate) use service::Service;
pub(crate) use target::{Wanted, connect};
