//! `thalweg env`: the lines that point an AWS client at the server, whether or not it runs.

use std::process::ExitCode;

use types::SystemRandom;

use super::args::EnvArgs;
use super::{Error, endpoint, out, serve};
use crate::config::{self, Config, TlsChoice};
use crate::http::self_signed;
use crate::keys::{self, KeyPair};

pub(super) fn run(args: &EnvArgs) -> Result<ExitCode, Error> {
    let config = serve::load_config(args.layer(), args.common.config.as_deref())?;
    let data_dir = &config.data_dir.value;
    let found = keys::find_or_make(data_dir, |name| std::env::var(name).ok(), &SystemRandom)?;
    let url = endpoint::read(data_dir).or_else(|| configured_url(&config));
    if url.is_none() {
        eprintln!("thalweg: the server picks its port when it starts; run this again then for AWS_ENDPOINT_URL");
    }
    out(&export_lines(&found.pair, config.region.value.as_str(), url.as_deref()));
    out(&trust_line(&config, url.as_deref()));
    Ok(ExitCode::SUCCESS)
}

/// Where the server would listen; port 0 is not known before it does.
fn configured_url(config: &Config) -> Option<String> {
    let listen = config.listen.value;
    (listen.port() != 0).then(|| config::endpoint_url(listen, &config.tls.value))
}

/// The lines, ready to paste into a POSIX shell or to `eval`.
pub(crate) fn export_lines(pair: &KeyPair, region: &str, url: Option<&str>) -> String {
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", pair.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", pair.secret_access_key.as_str()),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
    ];
    variables.extend(url.map(|url| ("AWS_ENDPOINT_URL", url)));
    variables.into_iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect()
}

/// The line with which clients trust a certificate that the server made; empty for others.
pub(crate) fn trust_line(config: &Config, url: Option<&str>) -> String {
    let authority = self_signed::authority_file(&config.data_dir.value);
    let is_files = matches!(config.tls.value, TlsChoice::Files { .. });
    if is_files || !url.is_some_and(|url| url.starts_with("https:")) || !authority.exists() {
        return String::new();
    }
    let authority = std::path::absolute(&authority).unwrap_or(authority);
    format!("export AWS_CA_BUNDLE={}\n", quoted(&authority.display().to_string()))
}

/// The value as one shell word: bare where every character is harmless, else in single quotes.
pub(crate) fn quoted(value: &str) -> String {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-./:+@%,=".contains(&b);
    if !value.is_empty() && value.bytes().all(harmless) {
        return value.into();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_survive_a_shell() {
        let pair = KeyPair { access_key_id: "AKIA2".into(), secret_access_key: "a'b$c/+".into() };
        let text = export_lines(&pair, "us-east-1", Some("http://127.0.0.1:4567"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "export AWS_ACCESS_KEY_ID=AKIA2");
        assert_eq!(lines[1], r"export AWS_SECRET_ACCESS_KEY='a'\''b$c/+'");
        assert_eq!(lines[2..4], ["export AWS_REGION=us-east-1", "export AWS_DEFAULT_REGION=us-east-1"]);
        assert_eq!(lines[4], "export AWS_ENDPOINT_URL=http://127.0.0.1:4567");
        assert_eq!(export_lines(&pair, "us-east-1", None).lines().count(), 4);
    }
}
