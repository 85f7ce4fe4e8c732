//! A clock that moves when the test says so.

use std::time::Duration;

use tokio::sync::watch;
use types::{Clock, Sleep, Timestamp};

/// 2024-05-01 13:02:41 UTC.
const START: Timestamp = Timestamp(1_714_568_561_000);

#[derive(Debug)]
pub(crate) struct ManualClock {
    now: watch::Sender<Timestamp>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { now: watch::Sender::new(START) }
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.now.send_modify(|now| *now = now.after(span));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep(&self, span: Duration) -> Sleep {
        let mut watched = self.now.subscribe();
        let until = self.now().after(span);
        Box::pin(async move {
            if watched.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
