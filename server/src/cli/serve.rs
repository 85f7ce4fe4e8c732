//! `thalweg serve`: configuration, logging, then the server until somebody asks it to stop.

use std::path::Path;
use std::process::ExitCode;

use tokio::runtime::Runtime;

use super::args::ServeArgs;
use super::{Error, Server, Stop, export_lines, logging, out, own_name, paths, quoted, trust_line};
use crate::config::{self, Config, Layer, Sources, TlsChoice};

pub(super) fn run(args: &ServeArgs) -> Result<ExitCode, Error> {
    let config = load_config(args.layer(), args.common.config.as_deref())?;
    if args.check_config {
        logging::parse_filter(&config.log_level.value)?;
        out(&config::to_toml(&config));
        return Ok(ExitCode::SUCCESS);
    }
    let _logging = logging::init(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let served = runtime.block_on(serve(&config));
    leave(runtime, served)
}

/// Ends the runtime. When the log has stopped, its disk may hang, and with it reads that a runtime waits for in the
/// ordinary way: then nothing is waited for, so that the supervisor sees the exit and starts the recovery.
fn leave(runtime: Runtime, served: Result<(), Error>) -> Result<ExitCode, Error> {
    match served {
        Err(Error::LogStopped) => runtime.shutdown_background(),
        _ => drop(runtime),
    }
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> Result<(), Error> {
    let stop = Stop::on_signals(|| ()).map_err(Error::Runtime)?;
    let opened = tokio::select! {
        opened = Server::open(config) => opened?,
        // Recovery may take a while; what it reads is not changed by leaving.
        () = stop.asked() => return Ok(()),
    };
    out(&greeting(&opened, config));
    opened.run(stop).await
}

/// The line that scripts wait for, and, once in the life of a data directory, the key pair.
fn greeting(server: &Server, config: &Config) -> String {
    let mut text = format!("listening on {}\n", server.url());
    if let Some(url) = server.metrics_url() {
        text.push_str(&format!("metrics on {url}\n"));
    }
    let trust = trust_line(config, Some(server.url()));
    if config.tls.value == TlsChoice::SelfSigned {
        text.push_str(&format!("\nThe certificate is the server's own; clients trust it with\n\n{trust}"));
    }
    if let Some(pair) = server.new_pair() {
        let data_dir = std::path::absolute(&config.data_dir.value).unwrap_or_else(|_| config.data_dir.value.clone());
        let again = format!("{} env --data-dir {}", own_name(), quoted(&data_dir.display().to_string()));
        text.push_str(&format!("\nA key pair was made, shown this once; to see it again: {again}\n\n"));
        text.push_str(&export_lines(pair, config.region.value.as_str(), Some(server.url())));
    }
    text
}

/// The flags over the environment over the file that `--config` or `THALWEG_CONFIG` names.
pub(super) fn load_config(flags: Layer, file: Option<&Path>) -> Result<Config, Error> {
    let lookup = |name: &str| std::env::var(name).ok();
    let named =
        file.map(Path::to_path_buf).or_else(|| lookup("THALWEG_CONFIG").filter(|t| !t.is_empty()).map(Into::into));
    let sources = Sources {
        flags,
        environment: config::from_environment(lookup)?,
        file: named.map_or_else(|| Ok(Layer::default()), |path| load_file(&path))?,
        data_dir_default: paths::data_dir_default(),
    };
    Ok(sources.resolve()?)
}

fn load_file(path: &Path) -> Result<Layer, Error> {
    let layer = config::read_file(path)?;
    if config::secret_is_readable(path, &layer) {
        let path = path.display();
        eprintln!("thalweg: warning: {path} holds a secret and can be read by others; run: chmod 600 {path}");
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_hangs_does_not_keep_the_process() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (release, hangs) = std::sync::mpsc::channel::<()>();
        let read = runtime.spawn_blocking(move || hangs.recv());
        let left = leave(runtime, Err(Error::LogStopped));
        assert!(matches!(left, Err(Error::LogStopped)));
        assert!(!read.is_finished(), "it was waited for");
        drop(release);
    }
}
