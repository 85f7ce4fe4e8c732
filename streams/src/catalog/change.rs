//! Settings of a stream.

use std::collections::BTreeSet;
use std::time::Duration;

use types::{CommandMeta, Kind, Rejected, Timestamp};

use super::{State, invalid, limit_exceeded};
use crate::command::{Change, StreamRef};
use crate::encryption::{KEYS_PER_STREAM_MAX, WrappedKey};
use crate::stream::{Counted, Pending};
use crate::{Distribution, ShardMetric, Stream, StreamMode, StreamStatus};

impl State {
    pub(super) fn change_setting(
        &mut self,
        meta: CommandMeta,
        of: &StreamRef,
        change: Change,
        settle: bool,
    ) -> Result<(), Rejected> {
        if let Change::Mode { mode: StreamMode::OnDemand, on_demand_max, .. } = &change
            && self.stream(&of.scope, &of.name).is_some_and(|stream| stream.mode != StreamMode::OnDemand)
        {
            self.check_on_demand(&of.scope, *on_demand_max)?;
        }
        if matches!(change, Change::Mode { mode: StreamMode::Provisioned, .. }) {
            self.check_no_queues(of.epoch, "switched to PROVISIONED")?;
        }
        // AWS: "the change of the record distribution strategy is immediate".
        let immediate = matches!(change, Change::Distribution(_));
        let stream = self.change_active(of)?;
        match change {
            Change::Retention { hours, longer, now } => {
                stream.set_retention(now.map_or(meta.time, |now| now.min(meta.time)), hours, longer)?;
            }
            Change::RecordBytesMax(bytes) => stream.record_bytes_max = bytes,
            Change::Mode { mode, warm_mibps, per_day, .. } => stream.set_mode(meta, mode, warm_mibps, per_day)?,
            Change::Warm { mibps } => stream.set_warm(mibps)?,
            Change::Distribution(distribution) => stream.set_distribution(distribution)?,
            Change::Monitoring { metrics, on } => stream.set_monitoring(&metrics, on),
            Change::Encryption { key, per_day } => stream.set_encryption(meta, key, per_day)?,
        }
        if !settle && !immediate {
            stream.status = StreamStatus::Updating;
            stream.pending = Some(Pending::Settling);
        }
        Ok(())
    }
}

impl Stream {
    /// The horizon keeps what was once too old from coming back when the retention grows again.
    fn set_retention(&mut self, time: Timestamp, hours: u32, longer: bool) -> Result<(), Rejected> {
        let (asked, now) = (Duration::from_secs(u64::from(hours) * 3600), self.retention.as_secs() / 3600);
        if (longer && asked < self.retention) || (!longer && asked > self.retention) {
            let (way, other) = if longer { ("shorter", "Decrease") } else { ("longer", "Increase") };
            return Err(invalid(format!(
                "Requested retention period ({hours} hours) for stream {} can not be {way} than existing retention period \
                 ({now} hours). Use {other}RetentionPeriod API.",
                self.name
            )));
        }
        self.horizon = self.horizon.max(time.before(self.retention.min(asked)));
        self.retention = asked;
        Ok(())
    }

    fn set_mode(
        &mut self,
        meta: CommandMeta,
        mode: StreamMode,
        warm_mibps: Option<u32>,
        per_day: Option<u32>,
    ) -> Result<(), Rejected> {
        if mode != self.mode {
            self.check_daily(Counted::Mode, per_day, meta)?;
            self.count(Counted::Mode, meta);
        }
        self.mode = mode;
        self.warm_mibps = if mode == StreamMode::OnDemand { warm_mibps.or(self.warm_mibps) } else { None };
        if mode == StreamMode::Provisioned {
            self.distribution = Distribution::UserPartitionKey;
        }
        Ok(())
    }

    fn only_on_demand(&self, what: &str) -> Result<(), Rejected> {
        match self.mode {
            StreamMode::OnDemand => Ok(()),
            StreamMode::Provisioned => {
                let message = format!("{what} needs a stream in ON_DEMAND mode; {} is PROVISIONED.", self.name);
                Err(Rejected { kind: Kind::Unsupported, message })
            }
        }
    }

    fn set_warm(&mut self, mibps: u32) -> Result<(), Rejected> {
        self.only_on_demand("Warm throughput")?;
        self.warm_mibps = Some(mibps);
        Ok(())
    }

    fn set_distribution(&mut self, distribution: Distribution) -> Result<(), Rejected> {
        if distribution == Distribution::Auto && self.mode == StreamMode::Provisioned {
            return Err(invalid(format!(
                "The AUTO strategy needs a stream in ON_DEMAND mode; {} is PROVISIONED.",
                self.name
            )));
        }
        self.distribution = distribution;
        Ok(())
    }

    fn set_monitoring(&mut self, metrics: &BTreeSet<ShardMetric>, on: bool) {
        if on {
            self.monitoring.extend(metrics);
        } else {
            self.monitoring.retain(|metric| !metrics.contains(metric));
        }
    }

    fn set_encryption(
        &mut self,
        meta: CommandMeta,
        key: Option<WrappedKey>,
        per_day: Option<u32>,
    ) -> Result<(), Rejected> {
        let what = if key.is_some() { Counted::Encrypt } else { Counted::Decrypt };
        self.check_daily(what, per_day, meta)?;
        if key.is_some() && self.keys.all.len() >= KEYS_PER_STREAM_MAX {
            return Err(limit_exceeded(format!("Stream {} has had {KEYS_PER_STREAM_MAX} keys.", self.name)));
        }
        self.count(what, meta);
        self.keys.on = key.is_some();
        self.keys.all.extend(key);
        Ok(())
    }
}
