//! Names of the models in Rust's spelling.

/// `MaxRecordSizeInKiB` as `max_record_size_in_kib`, `StreamARN` as `stream_arn`.
pub(super) fn snake(name: &str) -> String {
    // Units that are one word although they have capitals inside.
    let name = name.replace("KiB", "Kib").replace("MiBps", "Mibps").replace("MBs", "Mbs");
    let characters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, &c) in characters.iter().enumerate() {
        let after_small = index > 0 && !characters[index - 1].is_uppercase();
        let before_small = characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let after_capital = index > 0 && characters[index - 1].is_uppercase();
        // A trailing plural, as in `ARNs`, stays with its word.
        let plural = before_small && characters[index + 1] == 's' && index + 2 == characters.len();
        if c.is_uppercase() && (after_small || (after_capital && before_small && !plural)) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A member's name as a field: snake case, and raw when it is a keyword.
pub(super) fn field(name: &str) -> String {
    let name = snake(name);
    if matches!(name.as_str(), "type" | "enum" | "match" | "ref" | "use") { format!("r#{name}") } else { name }
}

/// A shape's name as a constant.
pub(super) fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// A member's name in validation messages: only the first character is made small, as AWS does.
pub(super) fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (model, rust) in [
            ("StreamName", "stream_name"),
            ("StreamARN", "stream_arn"),
            ("MaxRecordSizeInKiB", "max_record_size_in_kib"),
            ("WarmThroughputMiBps", "warm_throughput_mibps"),
            ("S3DestinationConfiguration", "s3_destination_configuration"),
            ("HECToken", "hec_token"),
            ("CodeMD5", "code_md5"),
            ("SizeInMBs", "size_in_mbs"),
        ] {
            assert_eq!(snake(model), rust);
        }
        assert_eq!(field("Type"), "r#type");
        assert_eq!(lower_first("StreamARN"), "streamARN");
    }
}
