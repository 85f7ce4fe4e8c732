//! Scalar and aggregate functions with Flink's meaning, offered to DataFusion's planner by name.
//!
//! Only what stands here (and DataFusion's `coalesce`, `nullif`, `count`, `min` and `max`, which agree with Flink) can be
//! called; a function that merely sounds alike is refused rather than guessed. Read `spec` for how one is declared.

mod math;
mod spec;
mod sum;
mod text;
mod time;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion_expr::{AggregateUDF, ScalarUDF};

pub(crate) use spec::{Spec, invalid};

static SCALARS: LazyLock<HashMap<&'static str, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let specs = text::FUNCTIONS.iter().chain(&math::FUNCTIONS).chain(&time::FUNCTIONS);
    let mut known: HashMap<_, _> = specs.map(|spec| (spec.name, spec::function(spec))).collect();
    for (name, function) in [
        ("coalesce", datafusion_functions::core::coalesce()),
        ("ifnull", datafusion_functions::core::coalesce()),
        ("nullif", datafusion_functions::core::nullif()),
    ] {
        known.insert(name, function);
    }
    for (alias, name) in [("substr", "substring"), ("character_length", "char_length"), ("ceiling", "ceil")] {
        let function = known[name].clone();
        known.insert(alias, function);
    }
    known
});

static AGGREGATES: LazyLock<HashMap<&'static str, Arc<AggregateUDF>>> = LazyLock::new(|| {
    HashMap::from([
        ("count", datafusion_functions_aggregate::count::count_udaf()),
        ("min", datafusion_functions_aggregate::min_max::min_udaf()),
        ("max", datafusion_functions_aggregate::min_max::max_udaf()),
        ("sum", Arc::new(AggregateUDF::from(sum::Sum::total()))),
        ("avg", Arc::new(AggregateUDF::from(sum::Sum::average()))),
    ])
});

/// The scalar function of that name, in any case.
pub(crate) fn scalar(name: &str) -> Option<Arc<ScalarUDF>> {
    SCALARS.get(name.to_ascii_lowercase().as_str()).cloned()
}

/// The aggregate function of that name, in any case.
pub(crate) fn aggregate(name: &str) -> Option<Arc<AggregateUDF>> {
    AGGREGATES.get(name.to_ascii_lowercase().as_str()).cloned()
}

/// The names of scalar functions, sorted.
pub(crate) fn scalar_names() -> Vec<String> {
    // DataFusion's names behind TRIM and POSITION are nothing to advertise.
    let shown = SCALARS.keys().filter(|name| !["btrim", "strpos"].contains(name));
    let mut names: Vec<_> = shown.map(|name| name.to_ascii_uppercase()).collect();
    names.sort();
    names
}
