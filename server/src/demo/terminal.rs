//! The terminal: its second screen, its size, and giving it back as it was, however the demo ends.
//!
//! Owns: escape sequences. Refuses: what is shown (`screen.rs`).

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use super::screen::{Line, Style};
use crate::cli::out;

/// Whether the second screen is up; static, because a second Ctrl-C ends the process without unwinding.
static IS_UP: AtomicBool = AtomicBool::new(false);

const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// Synchronised update: terminals that know it show a frame at once; the others ignore it.
const FRAME_START: &str = "\x1b[?2026h\x1b[H";
const FRAME_END: &str = "\x1b[J\x1b[?2026l";

/// The second screen for as long as this lives.
#[derive(Debug)]
pub(super) struct Terminal {
    colours: bool,
}

impl Terminal {
    /// Switches to the second screen; `None` when the output is not a terminal that knows escape sequences.
    pub(super) fn enter() -> Option<Self> {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if !std::io::stdout().is_terminal() || is_dumb {
            return None;
        }
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        IS_UP.store(true, Ordering::SeqCst);
        out(ENTER);
        Some(Self { colours })
    }

    /// Columns and rows now; they change when the user pulls at the window.
    pub(super) fn size(&self) -> (usize, usize) {
        let size = terminal_size::terminal_size_of(std::io::stdout());
        size.map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)))
    }

    /// Draws one frame over the last one in a single write.
    pub(super) fn draw(&self, lines: &[Line], width: usize) {
        out(&frame(lines, width, self.colours));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; does nothing when the second screen is not up.
pub(super) fn restore() {
    if IS_UP.swap(false, Ordering::SeqCst) {
        out(LEAVE);
    }
}

fn frame(lines: &[Line], width: usize, colours: bool) -> String {
    let mut text = String::from(FRAME_START);
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.push_str("\r\n");
        }
        let (on, off) = match line.style {
            _ if !colours => ("", ""),
            Style::Title => ("\x1b[1m", "\x1b[0m"),
            Style::Quiet => ("\x1b[2m", "\x1b[0m"),
            Style::Plain => ("", ""),
        };
        text.push_str(on);
        text.push_str(&line.text);
        text.push_str(off);
        // After the last column the cursor still stands on it, and erasing would take the character away.
        let fills_its_rows = line.text.chars().count() % width.max(1) == 0 && !line.text.is_empty();
        if !fills_its_rows {
            text.push_str("\x1b[K");
        }
    }
    text.push_str(FRAME_END);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, style: Style) -> Line {
        Line { text: text.into(), style, may_wrap: false }
    }

    #[test]
    fn a_frame_is_one_write_without_scrolling() {
        let lines = [line("ab", Style::Title), line("abcd", Style::Plain), line("", Style::Plain)];
        assert_eq!(
            frame(&lines, 4, true),
            "\x1b[?2026h\x1b[H\x1b[1mab\x1b[0m\x1b[K\r\nabcd\r\n\x1b[K\x1b[J\x1b[?2026l"
        );
        assert_eq!(frame(&lines[..1], 4, false), "\x1b[?2026h\x1b[Hab\x1b[K\x1b[J\x1b[?2026l");
    }
}
