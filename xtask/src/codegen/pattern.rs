//! The models' regular expressions are Java's; this turns them into the dialect of the `regex` crate.
//!
//! Differences that matter: Java's `\d \s \w` are ASCII only, its `.` stops at five line terminators, and it has
//! look-around, which a linear-time engine cannot have. The few patterns with look-around are rewritten by hand.

/// Patterns with look-around, and the same language without it.
const REWRITTEN: &[(&str, &str)] = &[
    (r"^(?!\s*$).+", r".*\S.*"),
    (r"^(?=^\$)(?=^\S+$).*$", r"\$\S*"),
    (
        r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$",
        // Anything of the class that leaves the prefix `aws:` at its first, second, third or fourth character.
        concat!(
            r"|(?:[\p{L}\p{Z}\p{N}_.:/=+\-@%&&[^a]]|a[\p{L}\p{Z}\p{N}_.:/=+\-@%&&[^w]]",
            r"|aw[\p{L}\p{Z}\p{N}_.:/=+\-@%&&[^s]]|aws[\p{L}\p{Z}\p{N}_.:/=+\-@%&&[^:]])",
            r"[\p{L}\p{Z}\p{N}_.:/=+\-@%]*|a|aw|aws"
        ),
    ),
    (
        concat!(
            r"jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(redshift(-serverless)?)",
            r"\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+"
        ),
        concat!(
            r"jdbc:(redshift|postgresql)://([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(redshift(-serverless)?)",
            r"\.([a-zA-Z0-9.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+"
        ),
    ),
];

/// The pattern for the `regex` crate, anchored at both ends as Java's `matches` is.
pub(super) fn translate(java: &str) -> String {
    let rewritten = REWRITTEN.iter().find(|(from, _)| *from == java).map_or(java, |(_, to)| to);
    format!(r"\A(?:{})\z", ascii_classes(rewritten))
}

fn ascii_classes(java: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut characters = java.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('d') => out.push_str(if depth > 0 { "0-9" } else { "[0-9]" }),
                Some('w') => out.push_str(if depth > 0 { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('s') => out.push_str(if depth > 0 { r"\t-\r\x20" } else { r"[\t-\r\x20]" }),
                Some('S') => out.push_str(r"[^\t-\r\x20]"),
                // The only Unicode escapes are the range of Java characters, whose upper end stands for any code point.
                Some('u') => {
                    let hex: String = characters.by_ref().take(4).collect();
                    out.push_str(&format!(r"\x{{{}}}", if hex == "FFFF" { "10FFFF" } else { &hex }));
                }
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '.' if depth == 0 => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            _ => {
                depth += i32::from(c == '[') - i32::from(c == ']');
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_becomes_ascii() {
        assert_eq!(translate(r"\d{12}:[\w.]+"), r"\A(?:[0-9]{12}:[0-9A-Za-z_.]+)\z");
        assert_eq!(translate(r"[\u0001-\uFFFF]*"), r"\A(?:[\x{0001}-\x{10FFFF}]*)\z");
    }
}
