//! Both engines against the suite.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Log, MemoryLog, conformance};

#[tokio::test]
async fn memory() {
    conformance(|| Arc::new(MemoryLog::default())).await;
}

#[tokio::test]
async fn embedded_on_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    conformance(|| {
        count.set(count.get() + 1);
        let config = EmbeddedConfig::at(dir.path().join(count.get().to_string()));
        EmbeddedLog::open(EmbeddedConfig { segment_bytes: 1 << 20, ..config }).unwrap()
    })
    .await;
}

#[tokio::test]
async fn embedded_in_tiny_segments() {
    conformance(|| -> Arc<dyn Log> {
        let config = EmbeddedConfig::at("/log");
        EmbeddedLog::open(EmbeddedConfig { vfs: Arc::new(FaultVfs::default()), segment_bytes: 1, ..config }).unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { segment_bytes: 1 << 20, ..EmbeddedConfig::at(dir.path()) };
    let first = EmbeddedLog::open(config.clone()).unwrap();
    let refused = EmbeddedLog::open(config.clone()).unwrap_err();
    assert!(refused.to_string().contains("another process uses this folder"), "{refused}");
    first.shutdown().await.unwrap();
    EmbeddedLog::open(config).unwrap();
}
