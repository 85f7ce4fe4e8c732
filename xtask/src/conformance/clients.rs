//! The conformance suites: which there are, how each gets its client, and the command that runs its program.
//!
//! Owns installing through the ordinary package clients, into the cache. Refuses to run a program; the JVM's are built
//! in `jvm.rs`. Read next: `mod.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::conformance::{jvm, toolchain};
use crate::{place, run, venv};

/// A program that speaks for one client or a few.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// How long its program may take once it is built.
    pub(crate) limit: Duration,
    /// Installs and builds what is missing; the program's command.
    pub(crate) prepare: fn() -> Result<Command, String>,
}

/// In the order in which they run: what is quick first, so that a plain fault shows early.
pub(crate) const CLIENTS: [Suite; 9] = [
    Suite { name: "python", limit: Duration::from_secs(240), prepare: python },
    Suite { name: "javascript", limit: Duration::from_secs(120), prepare: javascript },
    Suite { name: "go", limit: Duration::from_secs(120), prepare: go },
    Suite { name: "rust", limit: Duration::from_secs(120), prepare: rust },
    Suite { name: "java", limit: Duration::from_secs(180), prepare: || jvm::program("java", "Main") },
    Suite { name: "kpl", limit: Duration::from_secs(120), prepare: || jvm::program("kpl", "Main") },
    Suite { name: "kcl3", limit: Duration::from_secs(300), prepare: || jvm::program("kcl3", "Main") },
    Suite { name: "kcl2", limit: Duration::from_secs(180), prepare: || jvm::program("kcl2", "Main") },
    Suite { name: "kcl-python", limit: Duration::from_secs(180), prepare: kcl_python },
];

/// Where the suite's program lies.
pub(crate) fn folder(suite: &str) -> PathBuf {
    place::root().join("tests/conformance").join(suite)
}

fn python() -> Result<Command, String> {
    // The end-to-end tests' environment: one set of pins for both.
    let environment = venv::ensure(&place::root().join("tests/e2e/requirements.txt"))?;
    let mut command = Command::new(&environment.python);
    command.arg("-B").arg(folder("python").join("main.py")).env("THALWEG_AWS_CLI", &environment.aws);
    Ok(command)
}

fn javascript() -> Result<Command, String> {
    toolchain::ensure(&toolchain::NODE)?;
    toolchain::ensure(&toolchain::NPM)?;
    let sources = folder("javascript");
    // Node looks for modules beside the program, so the program goes to where its modules are.
    let installed = cached("javascript", &[sources.join("package-lock.json")], |folder| {
        copy_files(&sources, folder)?;
        run::check(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))
    })?;
    copy_files(&sources, &installed)?;
    let mut command = Command::new("node");
    command.arg(installed.join("main.mjs")).env("NODE_NO_WARNINGS", "1");
    Ok(command)
}

fn go() -> Result<Command, String> {
    toolchain::ensure(&toolchain::GO)?;
    let program = place::target_directory()?.join("conformance").join("go-client");
    let mut build = Command::new("go");
    run::check(build.args(["build", "-mod=readonly", "-o"]).arg(&program).arg(".").current_dir(folder("go")))?;
    Ok(Command::new(program))
}

fn rust() -> Result<Command, String> {
    // Apart from the workspace: its own lock file, and a build directory that no change of ours invalidates.
    let target = place::cache()?.join("conformance-rust");
    let mut build = place::cargo();
    build.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(folder("rust").join("Cargo.toml"));
    run::check(build.env("CARGO_TARGET_DIR", &target))?;
    Ok(Command::new(target.join("debug").join(format!("rust-client{}", std::env::consts::EXE_SUFFIX))))
}

/// The daemon's jars come from Maven like every other client's; the package's own installer would fetch them by itself.
fn kcl_python() -> Result<Command, String> {
    let environment = venv::ensure(&place::root().join("tests/e2e/requirements.txt"))?;
    let requirements = folder("kcl-python").join("requirements.txt");
    let package = cached("kclpy", std::slice::from_ref(&requirements), |folder| {
        let mut download = Command::new(&environment.python);
        download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        run::check(download.args(["--no-binary", ":all:", "-r"]).arg(&requirements).arg("-d").arg(folder))?;
        let unpack = "import glob, sys, tarfile\n\
                      for name in glob.glob(sys.argv[1] + '/*.tar.gz'): tarfile.open(name).extractall(sys.argv[1])";
        run::check(Command::new(&environment.python).args(["-c", unpack]).arg(folder))
    })?;
    let classpath = jvm::classpath("kcl-python")?;
    let mut command = Command::new(&environment.python);
    command.arg("-B").arg(folder("kcl-python").join("main.py"));
    command.env("KCL_CLASSPATH", classpath).env("KCL_PYTHON_PACKAGE", package);
    Ok(command)
}

/// The cache's folder for `name` as `files` describe it, filled by `fill` once.
pub(crate) fn cached(
    name: &str,
    files: &[PathBuf],
    fill: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let mut contents = Vec::new();
    for file in files {
        contents.push(std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    let parts = contents.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let cache = place::cache()?;
    let _held = place::lock(&cache, name)?;
    let folder = cache.join(format!("{name}-{:016x}", venv::fnv1a(&parts)));
    // Written last, so that what was interrupted is made again.
    let complete = folder.join("complete");
    if !complete.exists() {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        fill(&folder)?;
        std::fs::write(&complete, "").map_err(|error| format!("{}: {error}", complete.display()))?;
    }
    Ok(folder)
}

fn copy_files(from: &Path, to: &Path) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{} to {}: {error}", from.display(), to.display());
    for entry in std::fs::read_dir(from).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if entry.file_type().map_err(fault)?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(fault)?;
        }
    }
    Ok(())
}
