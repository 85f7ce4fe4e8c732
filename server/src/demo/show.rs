//! Shows the board while records flow: as a screen that is drawn in place, or as plain lines.

use std::time::Duration;

use tokio::sync::mpsc;
use types::{Clock, SystemClock, Timestamp};

use super::board::Board;
use super::rows::Row;
use super::screen::{self, Fixed};
use super::terminal::Terminal;
use crate::cli::out;

/// Often enough to feel alive, rarely enough to be read.
const DRAW_PAUSE: Duration = Duration::from_millis(500);
/// A line of figures per window of the query.
const STATUS_PAUSE: Duration = Duration::from_secs(5);
/// Rows that wait to be printed.
const LINES_MAX: usize = 1024;

/// One of the two ways to show.
pub(super) enum Show {
    Screen(Terminal, Fixed),
    Lines,
}

impl Show {
    /// A screen if the output is a terminal and nobody wants plain lines, and the channel for rows to print.
    pub(super) fn new(plain: bool, fixed: Fixed) -> (Self, mpsc::Sender<Row>, mpsc::Receiver<Row>) {
        let (sender, mut receiver) = mpsc::channel(LINES_MAX);
        match (!plain).then(Terminal::enter).flatten() {
            Some(terminal) => {
                receiver.close();
                (Self::Screen(terminal, fixed), sender, receiver)
            }
            None => (Self::Lines, sender, receiver),
        }
    }

    /// Shows until it is dropped, which gives the terminal back.
    pub(super) async fn run(self, board: &Board, started: Timestamp, rows: mpsc::Receiver<Row>) {
        match self {
            Self::Screen(terminal, fixed) => draw(&terminal, &fixed, board, started).await,
            Self::Lines => print(board, started, rows).await,
        }
    }
}

async fn draw(terminal: &Terminal, fixed: &Fixed, board: &Board, started: Timestamp) {
    loop {
        let now = SystemClock.now();
        let (width, height) = terminal.size();
        let lines = screen::lines(fixed, &board.snapshot(now), now.since(started), width, height);
        terminal.draw(&lines, width);
        SystemClock.sleep(DRAW_PAUSE).await;
    }
}

async fn print(board: &Board, started: Timestamp, mut rows: mpsc::Receiver<Row>) {
    let mut status_due = started.after(STATUS_PAUSE);
    loop {
        tokio::select! {
            Some(row) = rows.recv() => out(&format!("{}\n", screen::plain_row(&row))),
            () = SystemClock.sleep(DRAW_PAUSE) => {}
        }
        let now = SystemClock.now();
        // Each look is a point of the rates, also where nothing is printed.
        let seen = board.snapshot(now);
        if now >= status_due {
            out(&format!("{}\n", screen::status_line(&seen, now.since(started))));
            status_due = now.after(STATUS_PAUSE);
        }
    }
}
