//! Writing to stdout without the panic that `println!` ends in when the reader has gone.

use std::io::Write;

/// Writes the text and flushes; a reader that has gone wants no more, so the failure is nobody's.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
