//! The clients on the JVM: one Maven build for all of them, made anew when a source or a version changes.
//!
//! Owns the build, its cache and the memory that a program gets. Refuses to leave a class file in the checkout.
//! Read next: `tests/conformance/pom.xml`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::conformance::{clients, toolchain};
use crate::{place, run};

/// Modules, and the folders of sources that some of them share.
const FOLDERS: [&str; 7] = ["java", "jvm", "kcl", "kcl-python", "kcl2", "kcl3", "kpl"];

/// Two cores and a few JVMs at once: what a program may not need is better refused than swapped.
const OPTIONS: [&str; 4] = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/// The command that runs `main` of the module.
pub(crate) fn program(module: &str, main: &str) -> Result<Command, String> {
    let mut command = Command::new("java");
    command.args(OPTIONS).arg("-cp").arg(classpath(module)?).arg(main);
    Ok(command)
}

/// The module's classes and all jars they need.
pub(crate) fn classpath(module: &str) -> Result<String, String> {
    let build = build()?.join(module);
    let jars = build.join("classpath");
    let jars = std::fs::read_to_string(&jars).map_err(|error| format!("{}: {error}", jars.display()))?;
    let separator = if cfg!(windows) { ';' } else { ':' };
    Ok(format!("{}{separator}{}", build.join("classes").display(), jars.trim()))
}

fn build() -> Result<PathBuf, String> {
    toolchain::ensure(&toolchain::JAVA)?;
    toolchain::ensure(&toolchain::MAVEN)?;
    let root = clients::folder("");
    let mut files = vec![root.join("pom.xml")];
    for folder in FOLDERS {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let repository = place::cache()?.join("maven");
    clients::cached("jvm", &files, |folder| {
        let mut maven = Command::new("mvn");
        maven.args(["--batch-mode", "--no-transfer-progress", "--quiet", "--file"]).arg(root.join("pom.xml"));
        maven.arg(format!("-Dmaven.repo.local={}", repository.display()));
        run::check(maven.arg(format!("-Dconformance.build={}", folder.display())).arg("compile"))
    })
}

/// Every source and build file below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = entry.path();
        if entry.file_type().map_err(fault)?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "java" || extension == "xml") {
            files.push(path);
        }
    }
    Ok(())
}
