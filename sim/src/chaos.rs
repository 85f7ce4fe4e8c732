//! Chooses faults and lets them happen.

use std::sync::Arc;

use log::vfs::Call;

use crate::dice::Dice;
use crate::plan::Fault;
use crate::world::{Phase, World};

const HOUR_MS: i64 = 3_600_000;
/// The call that fails, what it is counted as, and how it fails.
const DISK_ERRORS: [(Call, &str, log::vfs::Fault); 8] = [
    (Call::Write, "EIO of write", log::vfs::Fault::Io),
    (Call::Write, "short writes", log::vfs::Fault::Short),
    (Call::Write, "ENOSPC of write", log::vfs::Fault::Full),
    (Call::SyncData, "EIO of fsync", log::vfs::Fault::Io),
    (Call::SyncDir, "EIO of folder sync", log::vfs::Fault::Io),
    (Call::Rename, "EIO of rename", log::vfs::Fault::Io),
    (Call::Create, "EIO of create", log::vfs::Fault::Io),
    (Call::Resize, "ENOSPC of resize", log::vfs::Fault::Full),
];

/// Makes faults until the phase for them is over.
pub(crate) async fn rage(world: Arc<World>, mut dice: Dice) {
    loop {
        world.clock.sleep_ms(dice.between(100, 1_500)).await;
        if world.phase() != Phase::Faults {
            return;
        }
        let Some(fault) = dice.pick(&world.plan.faults).copied() else { return };
        world.note(format_args!("fault: {fault:?}"));
        strike(&world, &mut dice, fault).await;
    }
}

async fn strike(world: &Arc<World>, dice: &mut Dice, fault: Fault) {
    let life = world.current_life();
    match fault {
        Fault::PowerCut => {
            let moment = world.disk().moment();
            world.count("power cuts", 1);
            world.die(&life, Some(moment));
        }
        Fault::PowerCutInStep => world.cut_in_step(dice.between(1, 20)),
        Fault::Kill => {
            world.count("kills", 1);
            world.die(&life, None);
        }
        Fault::DiskError => {
            let (call, count, error) = *dice.pick(&DISK_ERRORS).expect("there are some");
            world.count(count, 1);
            world.disk().faults().fail_nth_of(call, dice.between(1, 5), error);
        }
        Fault::DiskFull => {
            world.count("full disks", 1);
            let capacity = world.disk().used() + dice.below(2 * world.plan.segment_bytes);
            world.disk().set_capacity(Some(capacity));
            world.clock.sleep_ms(dice.between(200, 3_000)).await;
            world.disk().set_capacity(None);
        }
        Fault::SlowDisk => {
            world.count("slow disks", 1);
            world.set_slow(true);
            world.clock.sleep_ms(dice.between(500, 3_000)).await;
            world.set_slow(false);
        }
        Fault::ClockJump => {
            world.count("clock jumps", 1);
            let ms = dice.below(2 * HOUR_MS as u64) as i64 - HOUR_MS;
            world.jump(ms);
        }
        Fault::DayPasses => {
            world.count("days passed", 1);
            world.jump(dice.between(20, 30) as i64 * HOUR_MS);
        }
    }
}
