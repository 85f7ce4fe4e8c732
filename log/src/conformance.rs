//! The suite that every engine passes.

/// Placeholder until the embedded engine lands.
pub async fn conformance(_log: std::sync::Arc<dyn crate::Log>) {}
