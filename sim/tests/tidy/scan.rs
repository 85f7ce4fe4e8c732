//! A scanner that knows just enough Rust: comments, strings and braces.
//!
//! Owns finding functions, markers and allows. Refuses to parse; a wrong guess costs a line in the ratchet at worst.
//! Read next: `main.rs`.

/// The name and length in lines of every function with a body, from its `fn` to its closing brace.
pub(crate) fn functions(text: &str) -> Vec<(String, usize)> {
    let bare = blank_out(text);
    let bytes = bare.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = bare[at..].find("fn ") {
        let start = at + offset;
        at = start + 3;
        let starts_word = start == 0 || !is_word(bytes[start - 1]);
        let name: String = bare[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !starts_word || name.is_empty() {
            continue;
        }
        if let Some(end) = body_end(bytes, at) {
            let lines = bytes[start..end].iter().filter(|byte| **byte == b'\n').count() + 1;
            found.push((name, lines));
        }
    }
    found
}

/// Where the body that opens after `from` closes; `None` for a declaration without one.
fn body_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut parentheses = 0usize;
    for (index, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => parentheses += 1,
            b')' | b']' => parentheses = parentheses.saturating_sub(1),
            b';' if depth == 0 && parentheses == 0 => return None,
            b'{' => depth += 1,
            b'}' if depth <= 1 => return (depth == 1).then_some(index),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The same text with comments and the insides of literals turned into spaces; line breaks stay.
pub(crate) fn blank_out(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_end(bytes, at) {
            Some(end) => end,
            None => {
                at += 1;
                continue;
            }
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that starts at `at` ends; `None` when none starts there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(find(bytes, at, b"\n").unwrap_or(bytes.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(find(bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2));
    }
    let after_word = at > 0 && is_word(bytes[at - 1]);
    if rest[0] == b'r' && (!after_word || bytes[at - 1] == b'b') {
        let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            return Some(find(bytes, at + 2 + hashes, &close).map_or(bytes.len(), |end| end + close.len()));
        }
    }
    match rest[0] {
        b'"' => Some(quoted_end(bytes, at, b'"')),
        // A quote opens a character only when one closes it; otherwise it is a lifetime.
        b'\'' if rest.get(1) == Some(&b'\\') => Some(quoted_end(bytes, at, b'\'')),
        b'\'' => rest
            .iter()
            .take(6)
            .skip(2)
            .position(|byte| *byte == b'\'')
            .filter(|far| *far == 0 || rest[1] >= 0x80)
            .map(|far| at + far + 3),
        _ => None,
    }
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut index = at + 1;
    while index < bytes.len() {
        match bytes[index] {
            b'\\' => index += 2,
            byte if byte == quote => return index + 1,
            _ => index += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|window| window == what).map(|offset| from + offset)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `word` stands in the line by itself.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let bytes = line.as_bytes();
    line.match_indices(word).any(|(start, _)| {
        let end = start + word.len();
        (start == 0 || !is_word(bytes[start - 1])) && bytes.get(end).is_none_or(|byte| !is_word(*byte))
    })
}

/// Whether the line calls the macro `name` (which ends in an exclamation mark).
pub(crate) fn has_macro(line: &str, name: &str) -> bool {
    let bytes = line.as_bytes();
    line.match_indices(name).any(|(start, _)| {
        let opens = bytes.get(start + name.len()).is_some_and(|byte| b"([{".contains(byte));
        opens && (start == 0 || !is_word(bytes[start - 1]))
    })
}

/// Line numbers of `#[allow(..)]`, `#![allow(..)]` and their `expect` forms that give no reason.
pub(crate) fn allows_without_reason(text: &str) -> Vec<usize> {
    let bare = blank_out(text);
    let mut found = Vec::new();
    for opening in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
        for (start, _) in bare.match_indices(opening) {
            let end = bare[start..].find(")]").map_or(bare.len(), |offset| start + offset);
            if !bare[start..end].contains("reason =") {
                found.push(bare[..start].matches('\n').count() + 1);
            }
        }
    }
    found
}

#[test]
fn functions_are_measured() {
    let check = |text: &str, expected: &[(&str, usize)]| {
        let expected: Vec<_> = expected.iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect();
        assert_eq!(functions(text), expected, "{text}");
    };
    check("fn one() {}", &[("one", 1)]);
    check("fn declared(x: [u8; 2]);\nfn two() -> [u8; 2] {\n}\n", &[("two", 2)]);
    check("fn outer() {\n    fn inner() {\n    }\n}\n", &[("outer", 4), ("inner", 2)]);
    check("fn text<'a>(c: &'a str) {\n  let s = \"}\"; let c = '}'; let q = '\\''; /* } */ // }\n}\n", &[("text", 3)]);
    check("fn raw() {\n  let s = r#\"}\"}\"#;\n}\n", &[("raw", 3)]);
    check("fn wide() {\n  let s = 'é'; let t = '}';\n}\n", &[("wide", 3)]);
    check("let f: fn (u8) = x; // fn gone() {}", &[]);
}

#[test]
fn allows_are_read() {
    assert_eq!(allows_without_reason("\n#[allow(dead_code)]\nfn f() {}"), [2]);
    assert!(allows_without_reason("#[allow(dead_code, reason = \"as )] shown\")]").is_empty());
    assert!(allows_without_reason("// #[allow(dead_code)]").is_empty());
}
