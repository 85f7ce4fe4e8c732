//! Which shapes are generated, and in which file: a file for each operation with the shapes that only it uses, and
//! `shared` for the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Kind, Model};
use super::names::snake;

/// The structures of one service by file (without `.rs`), and what the validation needs.
pub(super) struct Layout {
    /// Structure names by file.
    pub(super) files: BTreeMap<String, BTreeSet<String>>,
    /// Every shape that a request can hold: only these are validated.
    pub(super) requested: BTreeSet<String>,
}

const SHARED: &str = "shared";

impl Layout {
    /// Places everything that `operations` reach.
    pub(super) fn of(model: &Model, operations: &[&str]) -> Result<Self, String> {
        let mut requested = BTreeSet::new();
        let mut users: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for name in operations {
            let operation = model.operations.get(*name).ok_or_else(|| format!("operation {name} is not modelled"))?;
            let mut reached = BTreeSet::new();
            if let Some(input) = &operation.input {
                reach(model, input, &mut reached)?;
                requested.extend(reached.iter().cloned());
            }
            if let Some(output) = &operation.output {
                reach(model, output, &mut reached)?;
            }
            for shape in reached {
                users.entry(shape).or_default().insert(name);
            }
        }
        let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (shape, users) in users {
            if !matches!(model.shape(&shape)?.kind, Kind::Structure(_)) {
                continue;
            }
            let file = match users.first() {
                Some(only) if users.len() == 1 => snake(only),
                _ => SHARED.to_owned(),
            };
            files.entry(file).or_default().insert(shape);
        }
        Ok(Self { files, requested })
    }
}

fn reach(model: &Model, name: &str, reached: &mut BTreeSet<String>) -> Result<(), String> {
    if !reached.insert(name.to_owned()) {
        return Ok(());
    }
    match &model.shape(name)?.kind {
        Kind::Structure(members) => members.values().try_for_each(|member| reach(model, &member.shape, reached)),
        Kind::List(member) => reach(model, member, reached),
        Kind::Map(key, value) => reach(model, key, reached).and_then(|()| reach(model, value, reached)),
        _ => Ok(()),
    }
}
