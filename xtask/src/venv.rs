//! The Python environment of the end-to-end tests: made once per requirements file and Python, kept in the cache.
//!
//! Owns finding a Python and filling the environment. Refuses to touch the system's Python. Read next: `test.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{place, run};

/// The programs of a finished environment.
pub(crate) struct Environment {
    pub(crate) python: PathBuf,
    /// The AWS command line interface.
    pub(crate) aws: PathBuf,
}

/// Written last, so that an environment whose making was interrupted is made again.
const COMPLETE: &str = "complete";

/// The environment with exactly what `requirements` pins.
pub(crate) fn ensure(requirements: &Path) -> Result<Environment, String> {
    let python = find_python()?;
    let pins = std::fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let identity = python_identity(&python)?;
    let cache = place::cache()?;
    let _held = place::lock(&cache, "venv")?;
    let directory = cache.join(format!("venv-{:016x}", fnv1a(&[&pins, identity.as_bytes()])));
    let programs = directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let environment = Environment {
        python: programs.join(format!("python{}", std::env::consts::EXE_SUFFIX)),
        aws: programs.join(if cfg!(windows) { "aws.cmd" } else { "aws" }),
    };
    if directory.join(COMPLETE).exists() {
        return Ok(environment);
    }
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    }
    require_venv(&python)?;
    run::check(Command::new(&python).args(["-m", "venv"]).arg(&directory))?;
    run::check(
        Command::new(&environment.python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"])
            .arg(requirements),
    )?;
    std::fs::write(directory.join(COMPLETE), identity).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(environment)
}

fn find_python() -> Result<PathBuf, String> {
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    std::env::var_os("PYTHON")
        .into_iter()
        .map(PathBuf::from)
        .chain(["python3".into(), "python".into()])
        .find(|candidate| run::succeeds(Command::new(candidate).args(["-c", new_enough])))
        .ok_or_else(|| "the end-to-end tests need Python 3.9 or newer as `python3` (or name it in PYTHON)".to_owned())
}

/// Where this Python is and its version: an environment does not survive a change of either.
fn python_identity(python: &Path) -> Result<String, String> {
    let output = Command::new(python)
        .args(["-c", "import sys; print(sys.executable, sys.version)"])
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn require_venv(python: &Path) -> Result<(), String> {
    if run::succeeds(Command::new(python).args(["-c", "import venv, ensurepip"])) {
        return Ok(());
    }
    Err(format!(
        "{} has no `venv` with `ensurepip`, which the end-to-end tests need to install boto3 and the AWS CLI apart \
         from the system. On Debian and Ubuntu: apt-get install python3-venv",
        python.display()
    ))
}

/// FNV-1a over all parts: a name for the cache, nothing that has to withstand an attacker.
pub(crate) fn fnv1a(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::fnv1a;

    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(fnv1a(&[b""]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(&[b"foo", b"bar"]), 0x8594_4171_f739_67e8);
    }
}
