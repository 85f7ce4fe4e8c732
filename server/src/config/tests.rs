//! Precedence, defaults, mistakes: the three sources as values, nothing read from the machine.

use std::path::Path;

use super::*;

fn sources(flags: Layer, environment: &[(&str, &str)], file: &str) -> Sources {
    let lookup = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
    Sources {
        flags,
        environment: from_environment(lookup).unwrap(),
        file: file::parse(Path::new("t.toml"), file).unwrap(),
        data_dir_default: Some("/home/u/.local/share/thalweg".into()),
    }
}

fn fails(sources: Sources) -> String {
    sources.resolve().unwrap_err().to_string()
}

#[test]
fn defaults_are_loopback_and_closed() {
    let config = sources(Layer::default(), &[], "").resolve().unwrap();
    assert_eq!(config.listen, Setting { value: LISTEN_DEFAULT, origin: Origin::Default });
    assert_eq!(config.account.value.as_str(), "000000000000");
    assert_eq!(config.region.value.as_str(), "us-east-1");
    assert!(!config.dev.value && !config.allow_plaintext.value && !config.repair.value);
    let root = "/home/u/.local/share/thalweg/buckets".into();
    assert_eq!(config.buckets.value, Buckets::Local { root });
}

#[test]
fn flags_beat_environment_beats_file() {
    let file = "listen = '127.0.0.1:1'\nregion = 'eu-west-1'\naccount = '111111111111'\n";
    let environment = [("THALWEG_LISTEN", "127.0.0.1:2"), ("THALWEG_REGION", "eu-west-2"), ("THALWEG_DEV", "")];
    let flags = Layer { listen: Some("localhost:3".into()), ..Layer::default() };
    let config = sources(flags, &environment, file).resolve().unwrap();
    assert_eq!((config.listen.value.port(), config.listen.origin), (3, Origin::Flag));
    assert_eq!((config.region.value.as_str(), config.region.origin), ("eu-west-2", Origin::Environment));
    assert_eq!((config.account.value.as_str(), config.account.origin), ("111111111111", Origin::File));
    assert_eq!(config.dev.origin, Origin::Default);
}

#[test]
fn a_flag_can_turn_off_what_the_file_turns_on() {
    let flags = Layer { dev: Some(false), ..Layer::default() };
    assert!(!sources(flags, &[("THALWEG_DEV", "1")], "dev = true").resolve().unwrap().dev.value);
}

#[test]
fn the_network_is_met_only_on_purpose() {
    let open = "listen = '0.0.0.0:4567'\n";
    assert!(fails(sources(Layer::default(), &[], open)).contains("--allow-plaintext"));
    let allowed = format!("{open}allow_plaintext = true\n");
    assert!(sources(Layer::default(), &[], &allowed).resolve().is_ok());
    let dev = format!("{allowed}dev = true\n");
    assert!(fails(sources(Layer::default(), &[], &dev)).contains("loopback only"));
    assert!(sources(Layer::default(), &[], "listen = '[::1]:0'\ndev = true\n").resolve().is_ok());
}

#[test]
fn mistakes_in_the_file_are_placed() {
    let check = |text: &str, expected: &str| {
        let message = file::parse(Path::new("t.toml"), text).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    };
    check("# ok\nlisen = 'x'\n", "t.toml:2:1: unknown field `lisen`, expected one of `listen`");
    check("dev = 'yes'\n", "t.toml:1:7: invalid type");
    check("[buckets]\nkind = 's4'\n", "t.toml:2:8: unknown variant `s4`");
    check("repair = true\n", "t.toml:1:1: unknown field `repair`");
    check("region = \n", "t.toml:1:");
    check("[buckets]\nsecret_access_key = \"abc\n", "t.toml:2:");
}

#[test]
fn mistakes_in_values_say_what_is_expected() {
    let check = |text: &str, expected: &str| {
        let message = fails(sources(Layer::default(), &[], text));
        assert!(message.contains(expected), "{message}");
    };
    check("listen = '4567'", "not ADDRESS:PORT");
    check("account = '12'", "not 12 digits");
    check("region = 'us east'", "not a valid region");
    check("[buckets]\nendpoint = 'http://x'", "buckets.endpoint does not belong to buckets.kind = \"local\"");
    check("[buckets]\nkind = 's3'\nroot = 'x'", "buckets.root does not belong");
    check("[buckets]\nkind = 's3'\naccess_key_id = 'x'", "given together");
    check("[buckets]\nkind = 's3'\nendpoint = 'http://x'", "allow_http = true");
    check("[buckets]\nkind = 's3'\nendpoint = 'x:9000'", "not an http");
    let lookup = |name: &str| (name == "THALWEG_DEV").then(|| "yes".into());
    let message = from_environment(lookup).unwrap_err().to_string();
    assert_eq!(message, "THALWEG_DEV=\"yes\": expected 1, 0, true or false");
}

#[test]
fn secrets_are_not_printed() {
    let file = "[buckets]\nkind = 's3'\naccess_key_id = 'AKIA'\nsecret_access_key = 'hunter2'\n";
    let config = sources(Layer::default(), &[], file).resolve().unwrap();
    let text = to_toml(&config);
    assert!(text.contains("AKIA") && text.contains("# default") && !text.contains("hunter2"), "{text}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let again = file::parse(Path::new("t.toml"), &text).unwrap();
    assert_eq!(again.listen.as_deref(), Some("127.0.0.1:4567"));
}

#[test]
fn paths_in_a_file_are_its_neighbours() {
    let layer = file::parse(Path::new("t.toml"), "data_dir = 'd'\n[buckets]\nroot = '/b'\n").unwrap();
    let layer = layer.anchored(Path::new("/etc/thalweg"));
    assert_eq!(layer.data_dir.as_deref(), Some(Path::new("/etc/thalweg/d")));
    assert_eq!(layer.buckets.root.as_deref(), Some(Path::new("/b")));
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_noticed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    std::fs::write(&path, "[buckets]\nkind = 's3'\naccess_key_id = 'a'\nsecret_access_key = 'b'\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let layer = read_file(&path).unwrap();
    assert!(secret_is_readable(&path, &layer) && !secret_is_readable(&path, &Layer::default()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(!secret_is_readable(&path, &layer));
    assert!(read_file(Path::new("/nowhere/t.toml")).unwrap_err().to_string().starts_with("cannot read"));
}

#[test]
fn a_client_reaches_any_address_by_loopback() {
    assert_eq!(endpoint_url("0.0.0.0:80".parse().unwrap(), &TlsChoice::Off), "http://127.0.0.1:80");
    assert_eq!(endpoint_url("[::]:80".parse().unwrap(), &TlsChoice::Off), "http://[::1]:80");
    assert_eq!(endpoint_url("192.168.1.2:80".parse().unwrap(), &TlsChoice::Off), "http://192.168.1.2:80");
}
