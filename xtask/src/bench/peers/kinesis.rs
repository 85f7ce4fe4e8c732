//! Servers that speak the Kinesis protocol: they get the load that Thalweg gets, unchanged.

use std::process::Command;

use super::child::{Running, free_port};
use super::{Row, Setting, install};
use crate::bench::read_json;
use crate::run;
use crate::server::Server;

const TOOL: &str =
    "our generator: 16 connections, PutRecords of 500 and PutRecord, 4 shards, GetRecords from 4 readers";

pub(super) fn thalweg(setting: &Setting<'_>) -> Result<Row, String> {
    let server = Server::start(&setting.programs.thalweg, &setting.data, &[], None)?;
    let authority = server.endpoint.strip_prefix("http://").ok_or("the endpoint is no http:// URL")?;
    load(setting, authority, &server.credentials()?, env!("CARGO_PKG_VERSION").to_owned())
}

/// With its LevelDB on the disk, or as it comes, in memory.
pub(super) fn kinesalite(setting: &Setting<'_>) -> Result<Row, String> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command.arg(install::kinesalite()?).args(["--port", &port.to_string(), "--createStreamMs", "50"]);
    if setting.key == "kinesalite" {
        command.arg("--path").arg(setting.data.join("leveldb"));
    }
    node(setting, &mut command, port, install::KINESALITE)
}

pub(super) fn kinesis_mock(setting: &Setting<'_>) -> Result<Row, String> {
    let (port, tls) = (free_port()?, free_port()?);
    let mut command = Command::new("node");
    let program = install::kinesis_mock()?;
    // It looks for its certificate in the current directory.
    command.arg(&program).current_dir(program.with_file_name("")).env("LOG_LEVEL", "ERROR");
    command.env("KINESIS_MOCK_PLAIN_PORT", port.to_string()).env("KINESIS_MOCK_TLS_PORT", tls.to_string());
    node(setting, &mut command, port, install::KINESIS_MOCK)
}

pub(super) fn moto(setting: &Setting<'_>) -> Result<Row, String> {
    let port = free_port()?;
    let mut command = Command::new(install::moto()?);
    command.args(["-p", &port.to_string()]);
    node(setting, &mut command, port, install::MOTO)
}

fn node(setting: &Setting<'_>, command: &mut Command, port: u16, version: &str) -> Result<Row, String> {
    let server = Running::start(command, port, &setting.data.join("log"))?;
    let anybody = [("AWS_ACCESS_KEY_ID", "load"), ("AWS_SECRET_ACCESS_KEY", "load"), ("AWS_REGION", "us-east-1")];
    let anybody = anybody.map(|(name, value)| (name.to_owned(), value.to_owned()));
    load(setting, &format!("127.0.0.1:{}", server.port), &anybody, version.to_owned())
}

fn load(
    setting: &Setting<'_>,
    authority: &str,
    credentials: &[(String, String)],
    version: String,
) -> Result<Row, String> {
    let json = setting.data.join("figures.json");
    let mut command = Command::new(&setting.programs.load);
    command.arg("peer").args(["--authority", authority, "--seconds", &setting.seconds.to_string(), "--json"]);
    run::check(command.arg(&json).envs(credentials.iter().cloned()))?;
    let figures = read_json(&json)?;
    let value = |name: &str| figures[name].as_f64();
    Ok(Row {
        version,
        batches_mb: value("batches_mb"),
        batch_p50_ms: value("batch_p50_ms"),
        batch_p99_ms: value("batch_p99_ms"),
        singles: value("singles"),
        single_p50_ms: value("single_p50_ms"),
        single_p99_ms: value("single_p99_ms"),
        read_mb: value("read_mb"),
        tool: TOOL.to_owned(),
    })
}
