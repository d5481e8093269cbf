//! The `carom` program; everything is in the library.

fn main() -> std::process::ExitCode {
    carom::cli::run()
}
