//! How records become the body of an object: one after the other, each framed as its format says.

use crate::channels::RecordFormat;

/// What frames a record.
#[derive(Debug, Clone)]
pub(crate) enum Framing {
    /// The record as it is, then these bytes, which may be none: Firehose.
    Delimited(Vec<u8>),
    /// As the format of a channel's stream says.
    Format(RecordFormat),
}

/// A record that is not what its format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// Format JSON.
    #[error("The record is not one JSON value.")]
    NotJson,
    /// Format STRING.
    #[error("The record is not UTF-8 text.")]
    NotText,
}

impl Misfit {
    /// The word for it in a dead letter.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotJson => "InvalidJson",
            Self::NotText => "InvalidString",
        }
    }
}

impl Framing {
    /// Appends a record to a body, or leaves the body as it was.
    pub(crate) fn append(&self, body: &mut Vec<u8>, record: &[u8]) -> Result<(), Misfit> {
        match self {
            Self::Delimited(delimiter) => {
                body.extend_from_slice(record);
                body.extend_from_slice(delimiter);
            }
            Self::Format(RecordFormat::Json) => {
                let text = std::str::from_utf8(record).map_err(|_| Misfit::NotJson)?;
                serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| Misfit::NotJson)?;
                // A line break in valid JSON is space between its tokens, and would end the line too early.
                body.extend(record.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                body.push(b'\n');
            }
            Self::Format(RecordFormat::String) => {
                std::str::from_utf8(record).map_err(|_| Misfit::NotText)?;
                body.extend_from_slice(record);
                body.push(b'\n');
            }
            Self::Format(RecordFormat::ByteArray) => {
                let length = u32::try_from(record.len()).expect("a record is far below 4 GiB");
                body.extend_from_slice(&length.to_be_bytes());
                body.extend_from_slice(record);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(framing: &Framing, record: &[u8]) -> Result<Vec<u8>, Misfit> {
        let mut body = b"before".to_vec();
        let appended = framing.append(&mut body, record);
        let added = body.split_off(6);
        assert_eq!(body, b"before");
        assert!(appended.is_ok() || added.is_empty(), "a misfit leaves no trace");
        appended.map(|()| added)
    }

    #[test]
    fn json_is_one_value_on_one_line() {
        let json = Framing::Format(RecordFormat::Json);
        assert_eq!(framed(&json, b"{\"a\":1}").unwrap(), b"{\"a\":1}\n");
        assert_eq!(framed(&json, b"{\r\n \"a\": \"\\n\"\n}\n").unwrap(), b"{   \"a\": \"\\n\" } \n");
        for wrong in [&b""[..], b"{", b"{} {}", b"nan", b"\"\xff\""] {
            assert_eq!(framed(&json, wrong), Err(Misfit::NotJson), "{wrong:?}");
        }
    }

    #[test]
    fn strings_are_lines_of_text() {
        let text = Framing::Format(RecordFormat::String);
        assert_eq!(framed(&text, "größer".as_bytes()).unwrap(), "größer\n".as_bytes());
        assert_eq!(framed(&text, b"").unwrap(), b"\n");
        assert_eq!(framed(&text, b"\xff"), Err(Misfit::NotText));
    }

    #[test]
    fn bytes_follow_their_length() {
        let bytes = Framing::Format(RecordFormat::ByteArray);
        assert_eq!(framed(&bytes, b"\n\xff").unwrap(), b"\0\0\0\x02\n\xff");
        assert_eq!(framed(&bytes, b"").unwrap(), b"\0\0\0\0");
    }

    #[test]
    fn firehose_adds_its_delimiter_only() {
        assert_eq!(framed(&Framing::Delimited(vec![]), b"a\xff").unwrap(), b"a\xff");
        assert_eq!(framed(&Framing::Delimited(b"\r\n".to_vec()), b"a").unwrap(), b"a\r\n");
    }
}
