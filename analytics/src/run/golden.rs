//! SQL in, rows out: every `tests/sql/NAME.sql` is run over `NAME.in` and compared with `NAME.out`.
//!
//! `.in`: a JSON record per line; an empty line ends a page. `#table NAME` and `#shard N` say where the next records go,
//! `#wait MS` lets time pass, `#restart` goes through a checkpoint, `#end` closes every shard. `.out`: the rows of each
//! sink after `#sink NAME`, then `#late N` and `#ignored N`, or `#fails TEXT`. `UPDATE_GOLDEN=1` writes the `.out` files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use types::{Epoch, Offset, Record, SequenceNumber, ShardId, SystemRandom, Timestamp};

use super::JobError;
use super::checkpoint::{Checkpoint, ShardKey, ShardPosition};
use super::execution::Execution;
use crate::program::Program;

const EPOCH: Epoch = Epoch(9);

struct Bench {
    program: Arc<Program>,
    execution: Execution,
    source: usize,
    shard: u32,
    now: Timestamp,
    page: Vec<Record>,
    offsets: BTreeMap<(usize, u32), u64>,
    rows: BTreeMap<String, Vec<String>>,
}

impl Bench {
    fn new(sql: &str, shards: u32) -> Self {
        let program = Arc::new(crate::sql::compile(sql).unwrap_or_else(|error| panic!("{error}")));
        let execution = Execution::new(program.clone(), Arc::new(SystemRandom)).unwrap();
        let now = Timestamp(1_000);
        let mut bench = Self {
            program,
            execution,
            source: 0,
            shard: 0,
            now,
            page: Vec::new(),
            offsets: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        for source in 0..bench.program.sources.len() {
            for shard in 0..shards {
                let key = ShardKey { epoch: EPOCH, shard: ShardId(shard) };
                let shard = ShardPosition { key, next: Offset::ZERO, ended: false, watermark: None };
                bench.execution.open_shard(source, shard, now);
            }
        }
        bench
    }

    fn flush(&mut self) -> Result<(), JobError> {
        let page = std::mem::take(&mut self.page);
        if !page.is_empty() {
            let key = ShardKey { epoch: EPOCH, shard: ShardId(self.shard) };
            let next = Offset(self.offsets[&(self.source, self.shard)]);
            self.execution.feed(self.source, key, &page, Some(next), self.now)?;
        }
        for (sink, entries) in self.program.sinks.iter().zip(self.execution.take_outputs()) {
            let rows = entries.into_iter().map(|entry| String::from_utf8(entry.data.to_vec()).unwrap());
            self.rows.entry(sink.name.clone()).or_default().extend(rows);
        }
        Ok(())
    }

    fn record(&mut self, line: &str) {
        let offset = self.offsets.entry((self.source, self.shard)).or_default();
        self.page.push(Record {
            sequence_number: SequenceNumber::of(EPOCH, Offset(*offset)),
            arrival: self.now,
            partition_key: format!("key-{}", self.shard),
            data: Bytes::copy_from_slice(line.as_bytes()),
            encrypted: false,
        });
        *offset += 1;
    }

    fn restart(&mut self) -> Result<(), JobError> {
        let record = self.execution.snapshot(Offset(1))?.encode()?;
        self.execution = Execution::new(self.program.clone(), Arc::new(SystemRandom))?;
        self.execution.restore(&Checkpoint::decode(&record)?, self.now)
    }

    fn end(&mut self) -> Result<(), JobError> {
        for source in 0..self.program.sources.len() {
            for shard in self.execution.shards(source).to_vec() {
                self.execution.end_shard(source, shard.key);
            }
            self.execution.advance(source, self.now)?;
        }
        Ok(())
    }

    fn directive(&mut self, directive: &str) -> Result<(), JobError> {
        self.flush()?;
        match directive.split_once(' ').unwrap_or((directive, "")) {
            ("table", name) => self.source = self.program.sources.iter().position(|s| s.name == name).unwrap(),
            ("shard", number) => self.shard = number.parse().unwrap(),
            ("shards", _) => {}
            ("wait", millis) => {
                self.now = Timestamp(self.now.0 + millis.parse::<u64>().unwrap());
                for source in 0..self.program.sources.len() {
                    self.execution.advance(source, self.now)?;
                }
            }
            ("restart", _) => self.restart()?,
            ("end", _) => self.end()?,
            (other, _) => panic!("unknown directive {other}"),
        }
        self.flush()
    }

    fn play(&mut self, input: &str, restarts: bool) -> Result<(), JobError> {
        for line in input.lines() {
            match line.strip_prefix('#') {
                Some(directive) => self.directive(directive)?,
                None if line.is_empty() => {
                    self.flush()?;
                    if restarts {
                        self.restart()?;
                    }
                }
                None => self.record(line),
            }
        }
        self.flush()
    }
}

fn run(sql: &str, input: &str, restarts: bool) -> String {
    let shards = input.lines().find_map(|line| line.strip_prefix("#shards ")).map_or(1, |n| n.parse().unwrap());
    let mut bench = Bench::new(sql, shards);
    let outcome = bench.play(input, restarts);
    let mut text = String::new();
    for (sink, rows) in &bench.rows {
        writeln!(text, "#sink {sink}").unwrap();
        rows.iter().for_each(|row| writeln!(text, "{row}").unwrap());
    }
    let counters = bench.execution.counters();
    match outcome {
        Ok(()) => writeln!(text, "#late {}\n#ignored {}", counters.late, counters.ignored).unwrap(),
        Err(error) => writeln!(text, "#fails {error}").unwrap(),
    }
    text
}

#[test]
fn sql_gives_the_golden_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    names.sort();
    assert!(names.len() >= 15, "the cases are there");
    let mut wrong = Vec::new();
    for path in names {
        let read = |extension| std::fs::read_to_string(path.with_extension(extension)).unwrap();
        let (sql, input) = (read("sql"), read("in"));
        let given = run(&sql, &input, false);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path.with_extension("out"), &given).unwrap();
        }
        if given != read("out") {
            wrong.push(format!("{}:\n{given}", path.display()));
        }
        let restarted = run(&sql, &input, true);
        if restarted != given {
            wrong.push(format!("{} with a restart after each page:\n{restarted}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
