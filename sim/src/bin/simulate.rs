//! Long simulations: `cargo run --release -p sim --bin simulate -- --seeds 100000 --from 7`. Ends with an error and the
//! end of the history at the first seed that breaks a rule; `--keep-going` only counts them.

use std::process::ExitCode;
use std::thread;

use clap::Parser;
use sim::{Counts, Outcome, run_many};

#[derive(Parser)]
#[command(about = "Simulates Data Streams over the embedded engine, seed by seed")]
struct Cli {
    /// How many seeds.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Go on after a seed that broke a rule.
    #[arg(long)]
    keep_going: bool,
    /// Lines of the history that are shown.
    #[arg(long, default_value_t = 100)]
    lines: usize,
    /// Threads; all processors where not said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let threads = cli.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let (mut counts, mut broken, mut from) = (Counts::default(), Vec::new(), cli.from);
    let end = cli.from + cli.seeds;
    // In portions, so that a breach is not buried under what comes after it.
    while from < end {
        let until = end.min(from + 500);
        run_many(from..until, threads, |outcome| {
            counts.merge(&outcome.counts);
            if !outcome.violations.is_empty() {
                show(&outcome, if broken.is_empty() { cli.lines } else { 0 });
                broken.push(outcome.seed);
            }
        });
        from = until;
        if !broken.is_empty() && !cli.keep_going {
            break;
        }
    }
    println!("{counts}, violations: {}", broken.len());
    if broken.is_empty() {
        return ExitCode::SUCCESS;
    }
    broken.sort_unstable();
    println!("seeds that broke a rule: {broken:?}");
    ExitCode::FAILURE
}

/// Prints what went wrong, after the end of the history.
fn show(outcome: &Outcome, lines: usize) {
    let skipped = outcome.tail.len().saturating_sub(lines);
    outcome.tail.iter().skip(skipped).for_each(|line| println!("{line}"));
    println!("seed {}: {} violations", outcome.seed, outcome.violations.len());
    outcome.violations.iter().take(3).for_each(|what| println!("    {what}"));
}
