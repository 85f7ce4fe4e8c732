//! `thalweg keys`: the keys of a data directory, listed, added, removed. A server that runs takes changes up by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use types::SystemRandom;

use super::{Error, out, serve};
use crate::config::{Config, Layer};
use crate::keys::{self, Change, KeysError, NewKey, Profile};

/// Flags of `keys`.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    verb: Verb,
    /// Where the server keeps its data [default: thalweg in the user's data folder] [env: THALWEG_DATA_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Settings in TOML, weaker than flags and environment [env: THALWEG_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the keys, without their secrets
    Ls,
    /// Make a key and print it, as a section of ~/.aws/credentials
    Add(AddArgs),
    /// Remove a key; requests signed with it are refused within a second
    Rm {
        /// The access key id or the profile's name
        id: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The account that the key belongs to [default: the server's]
    #[arg(long, value_name = "12 DIGITS")]
    account: Option<String>,
    /// The profile's name [default: the access key id]
    #[arg(long)]
    name: Option<String>,
    /// The user's name in ARNs and policies [default: the profile's name]
    #[arg(long)]
    user: Option<String>,
    /// What the key may do: an IAM policy, as a file or as JSON on one line [default: everything in its account]
    #[arg(long, value_name = "FILE or JSON")]
    policy: Option<String>,
}

pub(super) fn run(args: &KeysArgs) -> Result<ExitCode, Error> {
    let flags = Layer { data_dir: args.data_dir.clone(), ..Layer::default() };
    let config = serve::load_config(flags, args.config.as_deref())?;
    let data_dir = &config.data_dir.value;
    // The first key is made by whatever comes first.
    keys::find_or_make(data_dir, |_| None, &SystemRandom)?;
    match &args.verb {
        Verb::Ls => out(&table(&keys::list(data_dir)?, &config)),
        Verb::Add(add) => {
            let profile = keys::add(data_dir, add.new_key()?, &SystemRandom)?;
            eprintln!("thalweg: added; a server that runs takes it up within a second");
            out(&profile.render());
        }
        Verb::Rm { id } => match keys::remove(data_dir, id)? {
            Change::Removed => eprintln!("thalweg: removed"),
            Change::Nothing => return Err(KeysError::Refused(format!("there is no key {id}")).into()),
        },
    }
    Ok(ExitCode::SUCCESS)
}

impl AddArgs {
    fn new_key(&self) -> Result<NewKey, KeysError> {
        let account = self.account.as_deref().map(|text| {
            keys::account(text).ok_or_else(|| KeysError::Refused(format!("{text:?} is not an account: 12 digits")))
        });
        let policy = self.policy.as_deref().map(|policy| match policy.starts_with('{') {
            true => Ok(policy.to_owned()),
            // The file keeps the path, which has to mean the same from everywhere.
            false => absolute(policy),
        });
        let (name, user) = (self.name.clone(), self.user.clone());
        Ok(NewKey { name, account: account.transpose()?, user, policy: policy.transpose()? })
    }
}

fn absolute(path: &str) -> Result<String, KeysError> {
    let io = |source| KeysError::Io { action: "cannot find", path: PathBuf::from(path), source };
    Ok(std::path::absolute(path).map_err(io)?.display().to_string())
}

/// One line for each key.
fn table(profiles: &[Profile], config: &Config) -> String {
    let width = profiles.iter().map(|profile| profile.name.len()).max().unwrap_or(0).max(4);
    let mut text = format!("{:width$}  {:20}  {:12}  {:16}  POLICY\n", "NAME", "ACCESS KEY ID", "ACCOUNT", "USER");
    for Profile { name, pair, account, user, policy } in profiles {
        let account = account.as_ref().unwrap_or(&config.account.value).as_str();
        let user = user.as_deref().unwrap_or(name);
        let policy = match policy.as_deref() {
            None => "-",
            Some(inline) if inline.starts_with('{') => "inline",
            Some(path) => path,
        };
        text.push_str(&format!("{name:width$}  {:20}  {account:12}  {user:16}  {policy}\n", pair.access_key_id));
    }
    text
}
