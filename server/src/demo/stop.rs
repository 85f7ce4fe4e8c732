//! The last words: what was put, what arrived, where it is and how to look at it.

use std::path::Path;

use types::{Clock, SystemClock, Timestamp};

use super::board::Totals;
use super::objects::{Delivered, Watcher};
use super::{format, hints};
use crate::cli::{own_name, quoted};

/// Looks at the bucket once more, now that everything is delivered, and says what is there.
pub(super) fn summary(
    mut watcher: Watcher,
    totals: Totals,
    started: Timestamp,
    bucket: &Path,
    data_dir: &Path,
) -> String {
    let delivered = watcher.look();
    let span = format::span(SystemClock.now().since(started));
    let mut text = format!("\n{span}: {}\n", counts(totals, delivered));
    if delivered.records < totals.records {
        let waiting = format::counted(totals.records - delivered.records, "record");
        text.push_str(&format!("{waiting} safe in the log; the next start delivers them.\n"));
    }
    if delivered.objects > 0 {
        text.push_str(&format!(
            "\nThe objects are in {}\nLook at them:\n\n{}",
            bucket.display(),
            hints::for_the_files(bucket)
        ));
    }
    let data_dir = quoted(&data_dir.display().to_string());
    text.push_str(&format!("\nGo on with this data:\n\n{} serve --data-dir {data_dir}\n", own_name()));
    text
}

fn counts(totals: Totals, delivered: Delivered) -> String {
    format!(
        "{} acknowledged, {} in {} ({}), {} of the query.",
        format::counted(totals.records, "record"),
        format::counted(delivered.records, "record"),
        format::counted(delivered.objects, "object"),
        format::bytes(delivered.bytes),
        format::counted(totals.rows, "row"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_delivered_is_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("demo");
        let totals = Totals { records: 7, ..Totals::default() };
        let text = summary(Watcher::new(&bucket), totals, SystemClock.now(), &bucket, folder.path());
        assert!(text.contains("7 records acknowledged, 0 records in 0 objects"), "{text}");
        assert!(text.contains("7 records safe in the log"), "{text}");
        assert!(!text.contains("gunzip"), "there is nothing to look at: {text}");
    }
}
