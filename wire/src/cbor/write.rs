//! Writes CBOR: lengths of texts and bytes are given, those of maps and lists are not, since a shape is walked once and
//! members that are absent are found on the way.

use super::{BREAK, INDEFINITE, Times, major};
use crate::sink::{Count, Sink};
use crate::{Encoder, Timestamp};

/// The tag of times.
const EPOCH: u64 = 1;

struct Writer<S> {
    out: S,
    times: Times,
}

/// What `write` writes, in a buffer of just that size.
pub(super) fn written(times: Times, write: impl Fn(&mut dyn Encoder)) -> Vec<u8> {
    let mut counted = Writer { out: Count::default(), times };
    write(&mut counted);
    let mut writer = Writer { out: counted.out.buffer(), times };
    write(&mut writer);
    writer.out
}

impl<S: Sink> Writer<S> {
    fn head(&mut self, major: u8, argument: u64) {
        let kind = major << 5;
        match argument {
            // Each arm's range fits its width.
            0..=23 => self.out.push(kind | argument as u8),
            24..=0xff => self.out.append(&[kind | 24, argument as u8]),
            0x100..=0xffff => {
                self.out.push(kind | 25);
                self.out.append(&(argument as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(kind | 26);
                self.out.append(&(argument as u32).to_be_bytes());
            }
            _ => {
                self.out.push(kind | 27);
                self.out.append(&argument.to_be_bytes());
            }
        }
    }

    fn begin(&mut self, major: u8) {
        self.out.push(major << 5 | INDEFINITE);
    }

    fn end(&mut self) {
        self.out.push(BREAK);
    }
}

impl<S: Sink> Encoder for Writer<S> {
    fn begin_structure(&mut self, _: &'static str) {
        self.begin(major::MAP);
    }

    fn end_structure(&mut self) {
        self.end();
    }

    fn member(&mut self, name: &'static str) {
        self.string(name);
    }

    fn begin_list(&mut self) {
        self.begin(major::ARRAY);
    }

    fn element(&mut self) {}

    fn end_list(&mut self) {
        self.end();
    }

    fn begin_map(&mut self) {
        self.begin(major::MAP);
    }

    fn key(&mut self, key: &str) {
        self.string(key);
    }

    fn end_map(&mut self) {
        self.end();
    }

    fn string(&mut self, value: &str) {
        self.head(major::TEXT, value.len() as u64);
        self.out.append(value.as_bytes());
    }

    fn integer(&mut self, value: i64) {
        // A negative number n is written as -1 - n, which is its complement.
        if value < 0 { self.head(major::NEGATIVE, !value as u64) } else { self.head(major::UNSIGNED, value as u64) }
    }

    fn double(&mut self, value: f64) {
        self.out.push(major::SIMPLE << 5 | 27);
        self.out.append(&value.to_bits().to_be_bytes());
    }

    fn boolean(&mut self, value: bool) {
        self.out.push(major::SIMPLE << 5 | if value { 21 } else { 20 });
    }

    fn blob(&mut self, value: &[u8]) {
        self.head(major::BYTES, value.len() as u64);
        self.out.append(value);
    }

    fn timestamp(&mut self, Timestamp(millis): Timestamp) {
        self.head(major::TAG, EPOCH);
        match self.times {
            Times::Millis => self.integer(millis),
            Times::Seconds if millis % 1000 == 0 => self.integer(millis / 1000),
            Times::Seconds => self.double(millis as f64 / 1000.0),
        }
    }
}
