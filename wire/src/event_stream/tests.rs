//! Frames as the SDKs' own decoder reads them.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;

use super::*;

fn read(frame: Bytes) -> Message {
    let mut input = frame;
    let message = read_message_from(&mut input).unwrap();
    assert!(input.is_empty(), "a frame is as long as it says");
    message
}

fn header(message: &Message, name: &str) -> Option<String> {
    let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
    Some(header.value().as_string().unwrap().as_str().to_owned())
}

#[test]
fn every_stream_begins_with_the_initial_response() {
    let message = read(initial_response());
    assert_eq!(header(&message, ":message-type").as_deref(), Some("event"));
    assert_eq!(header(&message, ":event-type").as_deref(), Some("initial-response"));
    assert_eq!(header(&message, ":content-type").as_deref(), Some("application/x-amz-json-1.1"));
    assert_eq!(&message.payload()[..], b"{}");
}

#[test]
fn events_carry_json() {
    let message = read(Event::data("SubscribeToShardEvent", &vec!["a".to_owned()]).frame());
    assert_eq!(header(&message, ":event-type").as_deref(), Some("SubscribeToShardEvent"));
    assert_eq!(&message.payload()[..], br#"["a"]"#);
    let large = vec![7; 3 << 20];
    let message = read(Event::Data { kind: "SubscribeToShardEvent", payload: large.clone() }.frame());
    assert_eq!(message.payload()[..], large[..]);
}

#[test]
fn exceptions_carry_a_message() {
    let event = Event::Exception { code: "ResourceInUseException", message: "say \"no\"".into() };
    let message = read(event.frame());
    assert_eq!(header(&message, ":message-type").as_deref(), Some("exception"));
    assert_eq!(header(&message, ":exception-type").as_deref(), Some("ResourceInUseException"));
    assert_eq!(&message.payload()[..], br#"{"message":"say \"no\""}"#);
}
