//! The lines that xtask reads; see `../../README.md`.

use std::time::Duration;

use serde_json::json;

use crate::client::Outcome;

pub fn client(name: &str, version: &str) {
    println!("{}", json!({"client": name, "version": version}));
}

/// Runs `check` and reports whether it failed; one that hangs is given up.
pub async fn feature(name: &str, check: impl Future<Output = Outcome>) {
    let outcome = match tokio::time::timeout(Duration::from_secs(30), check).await {
        Ok(outcome) => outcome.map_err(|error| full(error.as_ref())),
        Err(_) => Err("not done within 30 s".to_owned()),
    };
    let note = outcome.as_ref().err().cloned().unwrap_or_default();
    println!("{}", json!({"feature": name, "ok": outcome.is_ok(), "note": note}));
}

/// The error with its causes; the SDK's own text names only the kind.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
