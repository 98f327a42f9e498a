//! The `orket` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    orket::cli::main().into()
}
