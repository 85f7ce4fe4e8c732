//! The tools that the clients' programs are built with: found on the path, else installed by the system's packages.
//!
//! Owns which Debian package brings which program. Refuses to download a toolchain by itself. Read next: `clients.rs`.

use std::process::Command;

use crate::run;

/// A program and where a fresh machine gets it.
pub(crate) struct Tool {
    program: &'static str,
    /// What shows that it works; `go --version` is an error.
    probe: &'static str,
    packages: &'static [&'static str],
}

pub(crate) const GO: Tool = Tool { program: "go", probe: "version", packages: &["golang-go"] };
pub(crate) const JAVA: Tool = Tool { program: "javac", probe: "-version", packages: &["default-jdk-headless"] };
pub(crate) const MAVEN: Tool = Tool { program: "mvn", probe: "--version", packages: &["maven"] };
pub(crate) const NODE: Tool = Tool { program: "node", probe: "--version", packages: &["nodejs"] };
/// The benchmark's, with `redis-benchmark`.
pub(crate) const REDIS: Tool =
    Tool { program: "redis-server", probe: "--version", packages: &["redis-server", "redis-tools"] };
pub(crate) const NPM: Tool = Tool { program: "npm", probe: "--version", packages: &["npm"] };

/// Makes sure that the tool is there, or says which package brings it.
pub(crate) fn ensure(tool: &Tool) -> Result<(), String> {
    let works = || run::succeeds(Command::new(tool.program).arg(tool.probe));
    if works() {
        return Ok(());
    }
    let packages = tool.packages.join(" ");
    if cfg!(target_os = "linux") && run::succeeds(Command::new("apt-get").arg("--version")) {
        // The lists of a fresh machine are often empty; that they cannot be fetched shows in the install.
        let _ = run::check(apt_get().args(["update", "-qq"]));
        run::check(apt_get().args(["install", "-y", "-qq", "--no-install-recommends"]).args(tool.packages))?;
        if works() {
            return Ok(());
        }
    }
    Err(format!("`{}` is missing; on Debian and Ubuntu: apt-get install {packages}", tool.program))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
