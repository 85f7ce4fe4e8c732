//! What a client's program prints: one JSON line for each client it speaks for and each feature it tried.
//!
//! Owns that protocol (tests/conformance/README.md says it for the authors of programs). Refuses to judge.
//! Read next: `matrix.rs`.

use serde_json::Value;

/// One line of a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The lines that follow are about this client.
    Client { name: String, version: String },
    /// Whether the feature worked, and why not (or how far it was tried).
    Feature { name: String, ok: bool, note: String },
}

/// The line's meaning; programs may print anything else between.
pub(crate) fn parse(line: &str) -> Option<Line> {
    let value: Value = serde_json::from_str(line.trim()).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    if let Some(name) = text("client") {
        return Some(Line::Client { name, version: text("version").unwrap_or_default() });
    }
    Some(Line::Feature { name: text("feature")?, ok: value["ok"].as_bool()?, note: text("note").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::{Line, parse};

    #[test]
    fn lines_are_clients_features_or_noise() {
        let client = r#"{"client": "boto3", "version": "1.2"}"#;
        assert_eq!(parse(client), Some(Line::Client { name: "boto3".into(), version: "1.2".into() }));
        let feature = r#" {"feature": "PutRecord", "ok": false, "note": "400"} "#;
        assert_eq!(parse(feature), Some(Line::Feature { name: "PutRecord".into(), ok: false, note: "400".into() }));
        for noise in ["", "[INFO] {}", "{}", "17", r#"{"feature": "x"}"#] {
            assert_eq!(parse(noise), None, "{noise}");
        }
    }
}
