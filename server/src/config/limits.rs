//! `--limits`: AWS's rates and quotas, none, or those of a file that may start from either.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use streams::{Quotas, Rates, StreamsConfig};

/// Why the limits cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitsError {
    #[error("--limits {}: {source}; it is aws, none or a TOML file", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("--limits {}: {message}", path.display())]
    Parse { path: PathBuf, message: String },
}

/// The file: `base = "aws"` and what differs from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    base: Base,
    #[serde(default)]
    quotas: toml::Table,
    #[serde(default)]
    rates: toml::Table,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Base {
    Aws,
    #[default]
    None,
}

impl Base {
    fn limits(self) -> (Quotas, Rates) {
        match self {
            Self::Aws => (Quotas::aws(), Rates::aws()),
            Self::None => Default::default(),
        }
    }
}

/// What `--limits` and `--transition-ms` ask for.
pub(crate) fn streams_config(limits: &str, transition_ms: u64) -> Result<StreamsConfig, LimitsError> {
    let (quotas, rates) = match limits {
        "aws" => Base::Aws.limits(),
        "none" => Base::None.limits(),
        path => read(Path::new(path))?,
    };
    Ok(StreamsConfig { transition: Duration::from_millis(transition_ms), quotas, rates })
}

fn read(path: &Path) -> Result<(Quotas, Rates), LimitsError> {
    let text = std::fs::read_to_string(path).map_err(|source| LimitsError::Read { path: path.into(), source })?;
    parse(&text).map_err(|error| LimitsError::Parse { path: path.into(), message: error.to_string() })
}

fn parse(text: &str) -> Result<(Quotas, Rates), Box<dyn std::error::Error>> {
    let file: File = toml::from_str(text)?;
    let (quotas, rates) = file.base.limits();
    let (mut all_quotas, mut all_rates) = (toml::Table::try_from(quotas)?, toml::Table::try_from(rates)?);
    all_quotas.extend(file.quotas);
    all_rates.extend(file.rates);
    Ok((all_quotas.try_into()?, all_rates.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names() {
        let (quotas, rates) = parse("base = \"aws\"\n[rates]\nwrite_records_per_shard = 7\n").unwrap();
        assert_eq!(quotas, Quotas::aws());
        assert_eq!(rates, Rates { write_records_per_shard: Some(7), ..Rates::aws() });
        let (quotas, rates) = parse("[quotas]\nopen_shards = 3\n").unwrap();
        assert_eq!((quotas.open_shards, rates), (Some(3), Rates::default()));
        for wrong in ["base = \"gcp\"", "[rates]\nwrite = 1", "[quotas]\nopen_shards = -1", "limits = 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_two_names_need_no_file() {
        assert_eq!(streams_config("none", 0).unwrap(), StreamsConfig::default());
        assert_eq!(streams_config("aws", 5).unwrap().rates, Rates::aws());
        assert!(matches!(streams_config("/nowhere/at/all", 0), Err(LimitsError::Read { .. })));
    }
}
