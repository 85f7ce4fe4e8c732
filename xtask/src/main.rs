//! `cargo xtask <verb>`: the repository's own tools.

mod codegen;

fn main() -> Result<(), codegen::Failure> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("codegen") => codegen::run(arguments.any(|argument| argument == "--check")),
        _ => Err("usage: cargo xtask codegen [--check]".into()),
    }
}
