//! What is still too long, by name: it may shrink and never grow.
//!
//! Owns the comparison with `ratchet.txt`. Read next: `main.rs`.

use std::collections::BTreeMap;

/// The allowed lengths of one kind of thing (`file` or `function`).
pub(crate) struct Ratchet {
    allowed: BTreeMap<String, usize>,
}

impl Ratchet {
    /// Lines of `ratchet.txt` read `kind length name`; `#` opens a comment.
    pub(crate) fn load(kind: &str) -> Self {
        let allowed = include_str!("ratchet.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| line.splitn(3, ' ').collect::<Vec<_>>())
            .filter(|fields| fields[0] == kind)
            .map(|fields| (fields[2].to_owned(), fields[1].parse().unwrap()))
            .collect();
        Self { allowed }
    }

    /// What is longer than `limit` and than its own entry, and entries that are no longer true.
    pub(crate) fn compare(&self, measured: Vec<(String, usize)>, limit: usize) -> Vec<String> {
        let mut longest: BTreeMap<String, usize> = BTreeMap::new();
        for (name, lines) in measured {
            let known = longest.entry(name).or_default();
            *known = lines.max(*known);
        }
        let mut found = Vec::new();
        for (name, &lines) in &longest {
            let allowed = self.allowed.get(name).copied().unwrap_or(limit);
            if lines > allowed {
                found.push(format!("{name} has {lines} lines, {allowed} are allowed"));
            }
        }
        for (name, &allowed) in &self.allowed {
            let lines = longest.get(name).copied().unwrap_or_default();
            if lines < allowed {
                let advice = if lines > limit { format!("lower it to {lines}") } else { "remove it".to_owned() };
                found.push(format!("{name} has {lines} lines, ratchet.txt says {allowed}: {advice}"));
            }
        }
        found
    }
}

#[test]
fn an_entry_may_shrink_and_never_grow() {
    let check = |lines: usize, complaints: usize| {
        let ratchet = Ratchet { allowed: BTreeMap::from([("old".to_owned(), 90)]) };
        let found = ratchet.compare(vec![("old".to_owned(), lines), ("new".to_owned(), 70)], 70);
        assert_eq!(found.len(), complaints, "{lines}: {found:?}");
    };
    check(90, 0);
    check(91, 1);
    check(89, 1);
    check(60, 1);
}
