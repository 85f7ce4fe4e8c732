//! `thalweg verify` and `thalweg repair`: the data directory of a server that does not run, for when its disk went bad.
//!
//! Owns: what the two print and their exit codes. Refuses: to know the files (`log/src/embedded/verify.rs`).
//! Read `verify.rs`, then `repair.rs`.

mod names;
mod repair;
mod verify;

use std::path::{Path, PathBuf};

use clap::Args;
use log::embedded::{Offline, Stretch};

pub(super) use repair::RepairArgs;
pub(super) use repair::run as run_repair;
pub(super) use verify::VerifyArgs;
pub(super) use verify::run as run_verify;

use super::serve;
use crate::config::Layer;
use names::Names;

/// Nothing is wrong, or it was mended.
const CLEAN: u8 = 0;
/// Something is damaged.
const DAMAGED: u8 = 1;
/// The directory could not be read, or not be mended; also clap's code for wrong usage.
const UNREADABLE: u8 = 2;

/// Where to look.
#[derive(Debug, Args)]
pub(super) struct WhereArgs {
    /// The data directory of a server that does not run [default: thalweg in the user's data folder]
    /// [env: THALWEG_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Settings in TOML, weaker than flags and environment [env: THALWEG_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl WhereArgs {
    /// None when the settings are wrong, which is told.
    fn data_dir(&self) -> Option<PathBuf> {
        let layer = Layer { data_dir: self.data_dir.clone(), ..Layer::default() };
        match serve::load_config(layer, self.config.as_deref()) {
            Ok(config) => Some(config.data_dir.value),
            Err(error) => {
                eprintln!("thalweg: {error}");
                None
            }
        }
    }
}

/// Keeps servers out of the log of `data_dir`.
fn open(data_dir: &Path) -> Result<Offline, log::LogError> {
    Offline::open(data_dir.join("log"))
}

/// One line for each stretch, by the names of its stream and shard where they are known.
fn lines(stretches: &[Stretch], names: &Names, most: usize) -> String {
    let mut text = String::new();
    for stretch in stretches.iter().take(most) {
        let records = stretch.end.0 - stretch.first.0;
        let place = names.place(stretch);
        text.push_str(&format!("  {place}: {records} record{}\n", if records == 1 { "" } else { "s" }));
    }
    if stretches.len() > most {
        text.push_str(&format!("  and {} more stretches\n", stretches.len() - most));
    }
    text
}

fn records(stretches: &[Stretch]) -> u64 {
    stretches.iter().map(|stretch| stretch.end.0 - stretch.first.0).sum()
}
