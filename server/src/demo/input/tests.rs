//! Lines from readers that end, grow, shrink and are replaced.

use std::io::Write;

use super::*;

fn text(data: &[u8]) -> String {
    String::from_utf8(record(data).to_vec()).unwrap()
}

#[test]
fn objects_stay_and_text_is_wrapped() {
    assert_eq!(text(br#"{"a": 1}"#), "{\"a\": 1}\n");
    assert_eq!(text(b"plain \"text\""), "{\"line\":\"plain \\\"text\\\"\",\"source\":\"input\"}\n");
    assert_eq!(text(b"{broken"), "{\"line\":\"{broken\",\"source\":\"input\"}\n");
    assert_eq!(text(b"[1, 2]"), "{\"line\":\"[1, 2]\",\"source\":\"input\"}\n");
    assert!(text(b"\xff").contains('\u{fffd}'));
}

#[test]
fn every_line_is_one_record() {
    let mut seen = Vec::new();
    let input = &b"one\r\n\ntwo\nlast without end"[..];
    read_to_end(input, &mut |line: &[u8]| {
        seen.push(String::from_utf8(line.to_vec()).unwrap());
        true
    })
    .unwrap();
    assert_eq!(seen, ["one", "two", "last without end"]);
}

#[test]
fn a_long_line_is_cut_and_the_next_one_is_whole() {
    let mut input = vec![b'x'; LINE_BYTES_MAX + 5];
    input.extend_from_slice(b"\nnext\n");
    let mut lengths = Vec::new();
    read_to_end(&input[..], &mut |line: &[u8]| {
        lengths.push(line.len());
        true
    })
    .unwrap();
    assert_eq!(lengths, [LINE_BYTES_MAX, 4]);
}

fn next(queue: &mut mpsc::Receiver<Entry>) -> String {
    let value: serde_json::Value = serde_json::from_slice(&queue.blocking_recv().unwrap().data).unwrap();
    value["line"].as_str().unwrap().to_string()
}

#[test]
fn a_followed_file_may_grow_shrink_and_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"one\nhal").unwrap();
    let (sender, mut queue) = mpsc::channel(16);
    spawn(Input { path: path.clone(), follow: true }, sender).unwrap();
    assert_eq!(next(&mut queue), "one");
    file.write_all(b"f\n").unwrap();
    assert_eq!(next(&mut queue), "half");

    let other = folder.path().join("log.new");
    std::fs::write(&other, "fresh\n").unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(next(&mut queue), "fresh");

    std::fs::write(&path, "cut\n").unwrap();
    assert_eq!(next(&mut queue), "cut");
    queue.close();
    assert!(queue.blocking_recv().is_none());
}

#[test]
fn an_input_that_is_not_there_fails_at_once() {
    let (sender, _queue) = mpsc::channel(1);
    let missing = Input { path: "/nowhere/log".into(), follow: false };
    assert_eq!(spawn(missing, sender.clone()).unwrap_err().kind(), io::ErrorKind::NotFound);
    let folder = tempfile::tempdir().unwrap();
    let folder = Input { path: folder.path().into(), follow: false };
    assert_eq!(spawn(folder, sender).unwrap_err().kind(), io::ErrorKind::IsADirectory);
}
