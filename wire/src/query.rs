//! AWS query: forms come in, XML goes out.

mod form;

pub use form::Form;

/// The answer around the XML of an output's members.
pub fn answer(operation: &str, namespace: &str, request_id: &str, members: &[u8]) -> Vec<u8> {
    let mut out = format!("<{operation}Response xmlns=\"{namespace}\">").into_bytes();
    if !members.is_empty() {
        out.extend_from_slice(format!("<{operation}Result>").as_bytes());
        out.extend_from_slice(members);
        out.extend_from_slice(format!("</{operation}Result>").as_bytes());
    }
    let metadata = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    out.extend_from_slice(format!("{metadata}</{operation}Response>").as_bytes());
    out
}

/// The body of an error.
pub fn error(code: &str, status: u16, message: &str, namespace: &str, request_id: &str) -> Vec<u8> {
    let (fault, message) = (fault(status), escaped(message));
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

/// Whose fault an error is.
pub fn fault(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
