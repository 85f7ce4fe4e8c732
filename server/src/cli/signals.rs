//! SIGINT and SIGTERM: the first one asks for an orderly stop, the second one ends the process at once.

use std::future::Future;

use tokio::sync::watch;

/// A request to stop that anybody may make and many may wait for.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    asked: watch::Sender<bool>,
}

impl Stop {
    /// Nobody has asked yet, and only [`Self::ask`] does.
    pub(crate) fn new() -> Self {
        Self { asked: watch::Sender::new(false) }
    }

    /// Listens for signals from now on; `at_once` runs before a second signal ends the process.
    pub(crate) fn on_signals(at_once: fn()) -> std::io::Result<Self> {
        let stop = Self::new();
        let asked = stop.clone();
        let mut signals = Signals::listen()?;
        tokio::spawn(async move {
            signals.next().await;
            asked.ask();
            let number = signals.next().await;
            at_once();
            // What a shell reports for a process that a signal ended.
            std::process::exit(128 + number);
        });
        Ok(stop)
    }

    /// Asks everybody who waits to stop.
    pub(crate) fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Completes when somebody has asked.
    pub(crate) fn asked(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.asked.subscribe();
        async move {
            // The sender lives in every clone, also in the task above, which never ends: no error to meet.
            let _ = receiver.wait_for(|asked| *asked).await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        // Without a handler the console ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_hears_it() {
        let stop = Stop::new();
        let early = stop.asked();
        stop.ask();
        early.await;
        stop.asked().await;
    }
}
