//! `orket init --ci`: a short workflow, with the rules before everything else.

use super::init_file::write_new;
use super::{Failure, Ui};
use crate::shell::CiHost;

/// Where orket's source is to be had, if it is known.
const SOURCE: &str = env!("CARGO_PKG_REPOSITORY");

const GITHUB: &str = r#"# Written by `orket init --ci github`: first the rules, which take seconds, then the build.
name: orket

on:
  push:
    branches: [main, master]
  pull_request:

permissions:
  contents: read

env:
  # The git repository that orket is installed from, where the runner has none.
  ORKET_GIT: "{source}"

jobs:
  architecture:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # some gates read the history
      - uses: actions/cache@v4
        with:
          path: ~/.cargo/bin/orket
          key: orket-${{ runner.os }}-${{ runner.arch }}
      - name: install orket
        run: command -v orket || cargo install --locked --git "${ORKET_GIT:?is not set}" orket
      - run: orket check --stage ci --format github

  build:
    needs: architecture
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: actions/cache@v4
        with:
          path: ~/.cargo/bin/orket
          key: orket-${{ runner.os }}-${{ runner.arch }}
      - uses: actions/cache@v4
        with:
          path: ~/.cache/orket
          key: orket-store-${{ runner.os }}-${{ runner.arch }}-${{ github.sha }}
          restore-keys: orket-store-${{ runner.os }}-${{ runner.arch }}-
      - name: install orket
        run: command -v orket || cargo install --locked --git "${ORKET_GIT:?is not set}" orket
      - run: orket build
"#;

const GITLAB: &str = r#"# Written by `orket init --ci gitlab`: first the rules, which take seconds, then the build.
stages: [architecture, build]

variables:
  # The git repository that orket is installed from, where the image has none.
  ORKET_GIT: "{source}"
  ORKET_CACHE_DIR: "$CI_PROJECT_DIR/.orket-store"
  CARGO_HOME: "$CI_PROJECT_DIR/.cargo-home"
  GIT_DEPTH: 0 # some gates read the history

default:
  image: rust:latest
  cache:
    key: orket
    paths: [.orket-store/, .cargo-home/bin/]
  before_script:
    - export PATH="$CARGO_HOME/bin:$PATH"
    - printf '%s\n' .orket-store .cargo-home >> .git/info/exclude
    - command -v orket || cargo install --locked --git "${ORKET_GIT:?is not set}" orket

architecture:
  stage: architecture
  script:
    - orket check --stage ci --format gitlab --output gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json

build:
  stage: build
  script:
    - orket build
"#;

/// Writes the workflow for a host.
///
/// # Errors
/// When there is one already, or the disk refuses.
pub(super) fn workflow(ui: &Ui, host: CiHost) -> Result<(), Failure> {
    let (name, text) = match host {
        CiHost::Github => (".github/workflows/orket.yml", GITHUB),
        CiHost::Gitlab => (".gitlab-ci.yml", GITLAB),
    };
    write_new(ui, name, &text.replace("{source}", SOURCE))?;
    if SOURCE.is_empty() {
        ui.say("hint: set ORKET_GIT in it to the git repository that orket is installed from");
    }
    Ok(())
}
