//! A file a command: arguments, engine, report.
