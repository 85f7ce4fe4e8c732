//! Live measurements of this machine as JSON records: CPU per core, memory, load, disks, network interfaces and the
//! busiest processes. Every measurement says its `source` and when it was taken (`ts`, UTC, in SQL's format).
//!
//! Owns: what is measured and how it is written. Refuses: pace and threads (`feed.rs`, read it next).

use serde_json::{Value, json};
use sysinfo::{CpuRefreshKind, DiskRefreshKind, Disks, Networks, ProcessRefreshKind, ProcessesToUpdate, System};
use types::Timestamp;

use super::feed::Entry;

/// Processes shown at a time.
const BUSIEST_COUNT: usize = 5;
/// The operating system counts CPU time in ticks of about 10 ms: shorter spans would show steps, not load. One tenth
/// of a second between records comes from several meters that take turns, each with this span behind it.
const CPU_SPAN_MS: u32 = sysinfo::MINIMUM_CPU_UPDATE_INTERVAL.as_millis() as u32;

/// Everything that measures.
pub(super) struct Sampler {
    cpu_meters: Vec<System>,
    processes: System,
    networks: Option<Networks>,
    disks: Option<Disks>,
    tick: usize,
    ticks_per_process_list: usize,
}

impl Sampler {
    /// A sampler that will be asked `rate` times per second.
    pub(super) fn new(rate: u32) -> Result<Self, sysinfo::Error> {
        // One more than fits into the span, so that a tick that comes early still finds it over.
        let meters = (CPU_SPAN_MS * rate).div_ceil(1000) + 1;
        let cpu_meters = (0..meters).map(|_| System::new()).collect::<Result<_, _>>()?;
        Ok(Self {
            cpu_meters,
            processes: System::new()?,
            networks: Networks::new_with_refreshed_list().ok(),
            disks: Disks::new_with_refreshed_list().ok(),
            tick: 0,
            ticks_per_process_list: (rate as usize).div_ceil(4).max(1),
        })
    }

    /// One measurement of every source; processes come about four lists a second, as counting them costs more.
    pub(super) fn sample(&mut self, now: Timestamp) -> Vec<Entry> {
        let ts = sql_time(now);
        let mut entries = Vec::with_capacity(16);
        self.sample_cpu(&ts, &mut entries);
        self.sample_machine(&ts, &mut entries);
        self.sample_networks(&ts, &mut entries);
        self.sample_disks(&ts, &mut entries);
        if self.tick.is_multiple_of(self.ticks_per_process_list) {
            self.sample_processes(&ts, &mut entries);
        }
        self.tick += 1;
        entries
    }

    fn sample_cpu(&mut self, ts: &str, entries: &mut Vec<Entry>) {
        let count = self.cpu_meters.len();
        let meter = &mut self.cpu_meters[self.tick % count];
        meter.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
        if self.tick < count {
            return; // The first reading of a meter has no span behind it.
        }
        for (index, cpu) in meter.cpus().iter().enumerate() {
            let core = format!("cpu{index}");
            let value = json!({"source": "cpu", "core": core, "cpu": rounded(cpu.usage()), "ts": ts});
            entries.push(entry(&format!("cpu/{core}"), &value));
        }
    }

    fn sample_machine(&mut self, ts: &str, entries: &mut Vec<Entry>) {
        self.processes.refresh_memory();
        let memory = json!({
            "source": "memory",
            "used_bytes": self.processes.used_memory(),
            "available_bytes": self.processes.available_memory(),
            "total_bytes": self.processes.total_memory(),
            "swap_used_bytes": self.processes.used_swap(),
            "ts": ts,
        });
        entries.push(entry("memory", &memory));
        if let Ok(load) = System::load_average() {
            let value = json!({
                "source": "load", "one": load.one, "five": load.five, "fifteen": load.fifteen, "ts": ts,
            });
            entries.push(entry("load", &value));
        }
    }

    fn sample_networks(&mut self, ts: &str, entries: &mut Vec<Entry>) {
        let Some(networks) = &mut self.networks else { return };
        networks.refresh(true);
        for (name, network) in networks.iter() {
            let name = name.to_string_lossy();
            let value = json!({
                "source": "network",
                "interface": name,
                "received_bytes_total": network.total_received(),
                "transmitted_bytes_total": network.total_transmitted(),
                "received_packets_total": network.total_packets_received(),
                "transmitted_packets_total": network.total_packets_transmitted(),
                "ts": ts,
            });
            entries.push(entry(&format!("network/{name}"), &value));
        }
    }

    fn sample_disks(&mut self, ts: &str, entries: &mut Vec<Entry>) {
        let Some(disks) = &mut self.disks else { return };
        disks.refresh_specifics(true, DiskRefreshKind::nothing().with_storage().with_io_usage());
        for disk in disks.iter() {
            let usage = disk.usage();
            let value = json!({
                "source": "disk",
                "disk": disk.name().to_string_lossy(),
                "mount": disk.mount_point().to_string_lossy(),
                "available_bytes": disk.available_space(),
                "total_bytes": disk.total_space(),
                "read_bytes_total": usage.total_read_bytes,
                "written_bytes_total": usage.total_written_bytes,
                "ts": ts,
            });
            entries.push(entry(&format!("disk/{}", disk.name().to_string_lossy()), &value));
        }
    }

    fn sample_processes(&mut self, ts: &str, entries: &mut Vec<Entry>) {
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.processes.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let mut busiest: Vec<_> = self.processes.processes().values().collect();
        busiest.sort_unstable_by(|a, b| b.cpu_usage().total_cmp(&a.cpu_usage()).then(b.memory().cmp(&a.memory())));
        for process in busiest.into_iter().take(BUSIEST_COUNT) {
            let value = json!({
                "source": "process",
                "pid": process.pid().as_u32(),
                "name": process.name().to_string_lossy(),
                "cpu": rounded(process.cpu_usage()),
                "memory_bytes": process.memory(),
                "ts": ts,
            });
            entries.push(entry(&format!("process/{}", process.pid()), &value));
        }
    }
}

/// A record ends its line itself, as the Kinesis Agent writes them: then objects are line by line without further help.
fn entry(partition_key: &str, value: &Value) -> Entry {
    let key = partition_key.chars().take(Entry::PARTITION_KEY_CHARACTERS_MAX).collect();
    Entry { partition_key: key, data: format!("{value}\n").into() }
}

/// A share in percent with two places: what a tick of 10 ms in a fifth of a second can tell.
fn rounded(percent: f32) -> f64 {
    (f64::from(percent) * 100.0).round() / 100.0
}

/// `2026-11-24 20:08:04.123`, the time format that Flink's JSON reads as TIMESTAMP(3) without options.
fn sql_time(now: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(now.0.cast_signed()).unwrap_or_default();
    instant.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_time_is_sql_with_milliseconds() {
        assert_eq!(sql_time(Timestamp(1_795_550_884_007)), "2026-11-24 20:08:04.007");
    }

    #[test]
    fn every_source_speaks_ten_times_a_second() {
        let mut sampler = Sampler::new(10).unwrap();
        let mut counts = BTreeMap::new();
        for tick in 0..13u64 {
            for entry in sampler.sample(Timestamp(1_795_464_484_000 + tick * 100)) {
                let line = std::str::from_utf8(&entry.data).unwrap();
                assert!(line.ends_with("}\n") && line.matches('\n').count() == 1, "{line:?}");
                let value: Value = serde_json::from_str(line).unwrap();
                assert_eq!(value["ts"].as_str().unwrap().len(), 23);
                check_shape(&value);
                *counts.entry(value["source"].as_str().unwrap().to_string()).or_insert(0) += 1;
            }
            #[allow(clippy::disallowed_methods, reason = "meters measure real time")]
            std::thread::sleep(Duration::from_millis(100));
        }
        for source in ["cpu", "memory"] {
            assert!(counts.get(source).is_some_and(|count| *count >= 10), "{source}: {counts:?}");
        }
    }

    fn check_shape(value: &Value) {
        match value["source"].as_str().unwrap() {
            "cpu" => {
                assert!(value["core"].as_str().unwrap().starts_with("cpu"));
                assert!((0.0..=100.0).contains(&value["cpu"].as_f64().unwrap()), "{value}");
            }
            "memory" => assert!(value["total_bytes"].as_u64().unwrap() > 0),
            "load" => assert!(value["one"].is_number()),
            "network" => assert!(value["received_bytes_total"].is_u64()),
            "disk" => assert!(value["mount"].is_string()),
            "process" => assert!(value["pid"].is_u64() && value["name"].is_string()),
            other => panic!("unknown source {other}"),
        }
    }
}
