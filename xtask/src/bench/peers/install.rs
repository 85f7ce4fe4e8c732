//! Getting the peers: each at one version, by its ecosystem's own client, into our cache and never into the checkout.
//!
//! Owns the versions. Redis comes with the system's packages, whose version its row tells.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::conformance::toolchain;
use crate::{place, run};

pub(super) const NATS_SERVER: &str = "v2.15.2";
pub(super) const NATS_CLI: &str = "v0.5.0";
pub(super) const KAFKA: &str = "4.1.1";
pub(super) const KINESALITE: &str = "3.3.3";
pub(super) const KINESIS_MOCK: &str = "0.6.2";
pub(super) const MOTO: &str = "5.2.5";

/// Written last, so that an installation that was interrupted is made again.
const COMPLETE: &str = "complete";

/// Everything, for those who want to measure without waiting later.
pub(super) fn everything() -> Result<(), String> {
    let all = [nats(), redis().map(|()| PathBuf::new()), kafka(), kinesalite(), kinesis_mock(), moto()];
    for error in all.into_iter().filter_map(Result::err) {
        eprintln!("xtask: {error}");
    }
    Ok(())
}

/// The folder with `nats-server` and `nats`.
pub(super) fn nats() -> Result<PathBuf, String> {
    let folder = ensure(&format!("nats-{NATS_SERVER}-{NATS_CLI}"), |folder| {
        toolchain::ensure(&toolchain::GO)?;
        for module in [
            format!("github.com/nats-io/nats-server/v2@{NATS_SERVER}"),
            format!("github.com/nats-io/natscli/nats@{NATS_CLI}"),
        ] {
            run::check(Command::new("go").arg("install").arg(module).env("GOBIN", folder))?;
        }
        Ok(())
    })?;
    Ok(folder)
}

pub(super) fn redis() -> Result<(), String> {
    toolchain::ensure(&toolchain::REDIS)
}

/// The folder of the jars.
pub(super) fn kafka() -> Result<PathBuf, String> {
    ensure(&format!("kafka-{KAFKA}"), |folder| {
        toolchain::ensure(&toolchain::JAVA)?;
        toolchain::ensure(&toolchain::MAVEN)?;
        let dependency = |artifact: &str| {
            format!(
                "<dependency><groupId>org.apache.kafka</groupId><artifactId>{artifact}</artifactId>\
                 <version>{KAFKA}</version></dependency>"
            )
        };
        let project = format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
             <groupId>bench</groupId><artifactId>peers</artifactId><version>1</version><dependencies>{}{}</dependencies>\
             </project>",
            dependency("kafka_2.13"),
            dependency("kafka-tools"),
        );
        write(&folder.join("pom.xml"), &project)?;
        let mut maven = Command::new("mvn");
        maven.args(["--batch-mode", "--no-transfer-progress", "--quiet", "dependency:copy-dependencies"]);
        run::check(maven.arg(format!("-DoutputDirectory={}", folder.display())).current_dir(folder))
    })
}

/// The program to be given to `node`.
pub(super) fn kinesalite() -> Result<PathBuf, String> {
    Ok(npm("kinesalite", KINESALITE)?.join("kinesalite").join("cli.js"))
}

/// The program to be given to `node`.
pub(super) fn kinesis_mock() -> Result<PathBuf, String> {
    Ok(npm("kinesis-local", KINESIS_MOCK)?.join("kinesis-local").join("main.js"))
}

/// The server's program.
pub(super) fn moto() -> Result<PathBuf, String> {
    let folder = ensure(&format!("moto-{MOTO}"), |folder| {
        run::check(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin").join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run::check(pip.arg(format!("moto[server]=={MOTO}")))
    })?;
    Ok(folder.join("bin").join("moto_server"))
}

/// The folder `node_modules` with the package in it.
fn npm(package: &str, version: &str) -> Result<PathBuf, String> {
    let folder = ensure(&format!("{package}-{version}"), |folder| {
        toolchain::ensure(&toolchain::NODE)?;
        toolchain::ensure(&toolchain::NPM)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent"]).arg(format!("{package}@{version}"));
        run::check(npm.arg("--prefix").arg(folder))
    })?;
    Ok(folder.join("node_modules"))
}

/// The cache's folder for `name`, filled by `fill` the first time.
fn ensure(name: &str, fill: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let cache = place::cache()?;
    let _held = place::lock(&cache, "peers")?;
    let folder = cache.join("peers").join(name);
    if folder.join(COMPLETE).exists() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fill(&folder)?;
    write(&folder.join(COMPLETE), "")?;
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
