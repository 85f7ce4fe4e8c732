//! `DATA_DIR/endpoint`: the URL that the running server answers at, so that `thalweg env` knows a port that was picked
//! at start. Written when the server listens, removed when it stops in order.

use std::path::{Path, PathBuf};

const FILE_NAME: &str = "endpoint";

/// The file, for as long as the server listens.
#[derive(Debug)]
pub(crate) struct EndpointFile {
    path: PathBuf,
}

impl EndpointFile {
    /// Publishes `url`; a reader sees the old text or the new one, never half.
    pub(crate) fn publish(data_dir: &Path, url: &str) -> std::io::Result<Self> {
        let path = data_dir.join(FILE_NAME);
        let draft = data_dir.join(format!("{FILE_NAME}.new"));
        std::fs::write(&draft, format!("{url}\n"))?;
        std::fs::rename(&draft, &path)?;
        Ok(Self { path })
    }
}

impl Drop for EndpointFile {
    fn drop(&mut self) {
        // A file that stays behind is corrected by the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The URL that a server published; `None` when none runs.
pub(crate) fn read(data_dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data_dir.join(FILE_NAME)).ok()?;
    let url = text.trim();
    url.starts_with("http").then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_there_while_the_server_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let file = EndpointFile::publish(folder.path(), "http://127.0.0.1:1").unwrap();
        let again = EndpointFile::publish(folder.path(), "http://127.0.0.1:2").unwrap();
        assert_eq!(read(folder.path()).as_deref(), Some("http://127.0.0.1:2"));
        drop((file, again));
        assert_eq!(read(folder.path()), None);
    }
}
