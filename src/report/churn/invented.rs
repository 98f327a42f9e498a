//! Reports for the tests of this folder.

use crate::base::{FileKind, SymbolKind};
use crate::churn::{Complexity, FileChurn, Ground, Hotspot, Month, Pair, Part, Recent, Report, Share, SymbolChurn, SymbolGround, Totals};

const DAY: i64 = 86_400;

fn file(path: &[u8], touches: u32, adds: u64) -> FileChurn {
    let share = |name: &str, touches, share| Share { name: name.into(), touches, lines: adds / 2, share };
    FileChurn {
        path: path.into(),
        adds,
        deletes: adds / 10,
        touches,
        binary: 0,
        kind: FileKind::File,
        generated: false,
        present: true,
        first: 19_000 * DAY,
        last: 19_790 * DAY,
        age_days: 10,
        recent: Recent { days_30: 1, days_90: 2, before_90: 0, days_365: touches },
        authors: vec![share("Ann", touches - 1, f64::from(touches - 1) / f64::from(touches)), share("Bob", 1, 1.0 / f64::from(touches))],
        bus_factor: 1,
        hotspot: None,
    }
}

fn symbol(name: &str, kind: SymbolKind, touches: u32, gone: bool) -> SymbolChurn {
    SymbolChurn {
        path: b"src/app.rs"[..].into(),
        symbol: name.into(),
        kind,
        language: "rust",
        touches,
        adds: 40,
        deletes: 4,
        authors: vec![Share { name: "Ann".into(), touches, lines: 44, share: 1.0 }],
        first: 19_000 * DAY,
        last: 19_790 * DAY,
        recent: Recent { days_30: 1, days_90: 2, before_90: 0, days_365: touches },
        gone,
    }
}

/// Three files, of which one is complex and one binary, generated and gone.
pub(super) fn invented() -> Report {
    let complexity = Complexity { lines: 300, indentation: 520, deepest: 6 };
    let app = FileChurn { hotspot: Some(Hotspot { complexity, score: 12 * 520 }), ..file(b"src/app.rs", 12, 1400) };
    let logo = FileChurn { adds: 0, deletes: 0, binary: 2, generated: true, present: false, ..file(b"assets/logo.png", 2, 0) };
    Report {
        ground: Ground {
            project: "shop".into(),
            made: "2024-03-20".into(),
            renames: true,
            similarity: 50,
            rename_limit: 1000,
            head: Some("a1040e67370ec36e1c3b315ad17c0f350404b3c6".into()),
            until: 19_800 * DAY,
            texts: 2000,
            text_limit: 1 << 20,
            symbols: SymbolGround { files: 4, counted: 2, changes: 17, left_out: 1, doubtful: 2, beyond: 3 },
            ..Ground::default()
        },
        totals: Totals {
            commits: 14,
            files: 3,
            touches: 19,
            adds: 1450,
            deletes: 145,
            binary_files: 1,
            generated: Part { files: 1, touches: 2, ..Part::default() },
            authors: vec![Share { name: "Ann".into(), touches: 14, lines: 1595, share: 1.0 }],
            bus_factor: 1,
            first: Some(19_000 * DAY),
            last: Some(19_800 * DAY),
            ..Totals::default()
        },
        symbols: vec![symbol("App.run", SymbolKind::Method, 9, false), symbol("start", SymbolKind::Function, 3, true)],
        coupling: vec![Pair { a: b"src/app.rs"[..].into(), b: b"src/cart.rs"[..].into(), support: 4, a_to_b: 0.3333, b_to_a: 0.8 }],
        months: vec![Month { year: 2024, month: 3, commits: 14, touches: 19, adds: 1450, deletes: 145 }],
        files: vec![app, file(b"src/cart.rs", 5, 50), logo],
    }
}

/// The same with names that would break out of where they stand.
pub(super) fn hostile() -> Report {
    let mut report = invented();
    let name = "</style><script>alert(1)</script>\" onload=\"x\u{202e}\u{1b}[31m\n<img src=x>&";
    report.ground.project = name.into();
    report.ground.scope = Some(name.as_bytes().to_vec());
    report.files[0].path = [name.as_bytes(), b"\xff"].concat().into();
    report.files[0].authors[0].name = name.into();
    report.files[1].path = name.as_bytes().into();
    report.symbols[0].path = name.as_bytes().into();
    report.symbols[0].symbol = name.into();
    report.symbols[0].authors[0].name = name.into();
    report.coupling[0].a = name.as_bytes().into();
    report
}
