//! Streaming SQL.
mod functions;
mod program;
mod run;
mod sql;
mod time_text;
