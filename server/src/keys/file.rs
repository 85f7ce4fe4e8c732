//! The text of a credentials file: the format of `~/.aws/credentials`, so that SDKs can read it too.
//!
//! `[name]` opens a profile; `key = value` lines follow; `#` and `;` open comments at the start of a line. Unknown keys
//! are left alone, since AWS's tools have more of them than we do; what is known must be right.

use types::AccountId;

use super::KeyPair;

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// What stands in the brackets.
    pub(crate) name: String,
    pub(crate) pair: KeyPair,
    /// `aws_account_id` as AWS writes it, or `account_id`; the server's own account when absent.
    pub(crate) account: Option<AccountId>,
    /// The user's name in ARNs; the name of the profile when absent.
    pub(crate) user: Option<String>,
    /// A policy as JSON on one line, or the path of a file that holds one.
    pub(crate) policy: Option<String>,
}

/// Why a text is not a credentials file. Never quotes a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) problem: String,
}

/// A section while it is read.
struct Open {
    line: usize,
    name: String,
    values: Vec<(String, String, usize)>,
}

/// All profiles of a file, in its order.
pub(super) fn parse(text: &str) -> Result<Vec<Profile>, SyntaxError> {
    let mut sections: Vec<Open> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (line_number, line) = (index + 1, line.trim());
        let wrong = |problem: &str| SyntaxError { line: line_number, problem: problem.to_owned() };
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').ok_or_else(|| wrong("a section's name ends with ]"))?.trim();
            sections.push(Open { line: line_number, name: name.to_owned(), values: Vec::new() });
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| wrong("neither [profile] nor key = value"))?;
        let section = sections.last_mut().ok_or_else(|| wrong("it stands before the first [profile]"))?;
        section.values.push((key.trim().to_ascii_lowercase(), value.trim().to_owned(), line_number));
    }
    let mut profiles: Vec<Profile> = Vec::with_capacity(sections.len());
    for section in sections {
        let (line, profile) = (section.line, section.close()?);
        let same =
            |other: &Profile| other.name == profile.name || other.pair.access_key_id == profile.pair.access_key_id;
        if profiles.iter().any(same) {
            let problem = format!("profile [{}] or its access key id is there twice", profile.name);
            return Err(SyntaxError { line, problem });
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

impl Open {
    fn close(self) -> Result<Profile, SyntaxError> {
        let Self { line, name, values } = self;
        let wrong = |line: usize, problem: String| SyntaxError { line, problem };
        if !is_profile_name(&name) {
            return Err(wrong(line, "a profile's name has 1 to 64 of letters, digits, space and _.@+=,-".into()));
        }
        let value = |key: &str| {
            let found = values.iter().find(|(other, value, _)| other == key && !value.is_empty());
            found.map(|(_, value, line)| (value.as_str(), *line))
        };
        let needed = |key: &str| value(key).ok_or_else(|| wrong(line, format!("profile [{name}] has no {key}")));
        let ((id, id_line), (secret, secret_line)) = (needed("aws_access_key_id")?, needed("aws_secret_access_key")?);
        let pair = KeyPair { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() };
        if !pair.is_printable() {
            let problem = "a key holds printable characters without spaces, and its id no / and no comma".into();
            return Err(wrong(id_line.max(secret_line), problem));
        }
        let account = value("aws_account_id").or_else(|| value("account_id"));
        let account = account
            .map(|(text, line)| super::account(text).ok_or_else(|| wrong(line, "an account id has 12 digits".into())));
        let user = value("user").map(|(text, line)| match is_user_name(text) {
            true => Ok(text.to_owned()),
            false => Err(wrong(line, "a user's name has 1 to 64 of letters, digits and _.@+=,-".into())),
        });
        let policy = value("policy").map(|(text, _)| text.to_owned());
        let (account, user) = (account.transpose()?, user.transpose()?);
        Ok(Profile { pair, account, user, policy, name })
    }
}

impl Profile {
    /// The section as text, with the lines that [`parse`] reads.
    pub(crate) fn render(&self) -> String {
        let Self { name, pair, account, user, policy } = self;
        let mut text = format!(
            "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            pair.access_key_id, pair.secret_access_key
        );
        let account = account.as_ref().map(AccountId::as_str);
        let more = [("aws_account_id", account), ("user", user.as_deref()), ("policy", policy.as_deref())];
        for (key, value) in more.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            text.push_str(&format!("{key} = {value}\n"));
        }
        text
    }
}

/// The text without the sections of that name; what stands before, between and behind stays as it is.
pub(super) fn without(text: &str, name: &str) -> String {
    let mut kept = true;
    let lines = text.split_inclusive('\n').filter(|line| {
        if let Some(section) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            kept = section.trim() != name;
        }
        kept
    });
    lines.collect()
}

/// What can stand in the brackets.
pub(super) fn is_profile_name(text: &str) -> bool {
    is_name(text, b" _.@+=,-") && text.trim() == text
}

/// What IAM takes as the name of a user.
pub(super) fn is_user_name(text: &str) -> bool {
    is_name(text, b"_.@+=,-")
}

fn is_name(text: &str, more: &[u8]) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# made by hand\n[default]\naws_access_key_id = A\naws_secret_access_key = s=1\n\n\
                       [other]\n  AWS_ACCESS_KEY_ID=B\naws_secret_access_key= t\naccount_id = 123456789012\n\
                       region = eu-west-1\nuser = ada\npolicy = p.json\n";

    #[test]
    fn profiles_are_read_and_written() {
        let profiles = parse(TWO).unwrap();
        assert_eq!(profiles.len(), 2);
        assert_eq!((profiles[0].pair.secret_access_key.as_str(), &profiles[0].account), ("s=1", &None));
        assert_eq!(profiles[1].account.as_ref().unwrap().as_str(), "123456789012");
        assert_eq!((profiles[1].user.as_deref(), profiles[1].policy.as_deref()), (Some("ada"), Some("p.json")));
        for profile in &profiles {
            assert_eq!(parse(&profile.render()).unwrap(), std::slice::from_ref(profile));
        }
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_section_is_cut_out_alone() {
        assert_eq!(parse(&without(TWO, "default")).unwrap(), parse(TWO).unwrap()[1..]);
        assert!(without(TWO, "default").starts_with("# made by hand\n"));
        assert_eq!(parse(&without(TWO, "other")).unwrap(), parse(TWO).unwrap()[..1]);
        assert_eq!(without(TWO, "nobody"), TWO);
    }

    #[test]
    fn mistakes_are_named_by_line_without_secrets() {
        let pair = "aws_access_key_id = A\naws_secret_access_key = geheim\n";
        for (text, line) in [
            ("aws_access_key_id = A".to_owned(), 1),
            ("[a\n".to_owned(), 1),
            ("[a]\nnothing".to_owned(), 2),
            ("[a]\naws_access_key_id = A\n".to_owned(), 1),
            (format!("[a]\n{pair}account_id = 12345"), 4),
            (format!("[a]\n{pair}user = a b"), 4),
            (format!("[a]\n{pair}[b]\n{pair}"), 4),
            (format!("[a]\n{pair}[a]\naws_access_key_id = B\naws_secret_access_key = geheim\n"), 4),
            ("[]\n".to_owned(), 1),
            ("[a]\naws_access_key_id = A/B\naws_secret_access_key = geheim\n".to_owned(), 3),
        ] {
            let error = parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(!error.to_string().contains("geheim"));
        }
    }
}
