//! stub
use crate::cli::{DemoArgs, Error};
use std::process::ExitCode;
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {}
pub(crate) fn run(_: &DemoArgs) -> Result<ExitCode, Error> {
    Ok(ExitCode::SUCCESS)
}
