//! `cargo xtask <verb>`: everything that a developer or the CI runs, each as one word.
//!
//! Owns the verbs and how they find their tools. Refuses to ship with the product or to import any crate of ours.
//! Read next: `test.rs` for the suites, `lint.rs`, `bench/mod.rs`, `codegen/` for the generated shapes.

mod bench;
mod codegen;
mod conformance;
mod lint;
mod mutants;
mod place;
mod run;
mod server;
mod suites;
mod test;
mod tools;
mod venv;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <verb>

  test [rust | tidy | e2e [-- PYTEST_ARGS] | torture [-- PYTEST_ARGS] | conformance [CLIENT...]]
                          run every suite (or one); prints `<suite>: N passed, N failed` per suite at the end
  lint [--install]        format, clippy and cargo-deny; --install fetches cargo-deny when it is missing
  bench [--only GROUP,...] [--all] [--stored GB] [--seconds N] [--json FILE] [--write-docs] [--no-build]
                          release build, load generator against `thalweg serve`, one table
  bench growth [--only SERIES,...] [--seconds N] [--write-docs]
                          how cost grows with shards, record sizes, connections and readers
  bench peers [--only PEER,...] [--seconds N] [--json FILE] [--install] [--write-docs]
                          other servers under the same payload; --install only fetches them
  mutants [NAME...]       plant bugs in a copy of the log, one at a time (log/mutants/); its tests must catch each
  codegen [--check]       write (or compare) the shapes generated from the service models
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = match arguments.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match verb {
        "test" => test::run(rest),
        "lint" => lint::run(rest),
        "bench" => bench::run(rest),
        "mutants" => mutants::run(rest),
        "codegen" => codegen(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("no verb named {unknown}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn codegen(arguments: &[String]) -> Result<(), String> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err(format!("codegen takes --check or nothing, not {}", arguments.join(" "))),
    };
    codegen::run(check).map_err(|error| error.to_string())
}
