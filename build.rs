//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // At its place already when it starts: the tables of the grammars hold many addresses, and moving them all costs a no-op a tenth of its time.
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let gnu = std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu");
    if linux && gnu {
        println!("cargo:rustc-link-arg-bin=orket=-no-pie");
    }
}
