//! Items and notes as people write them.

use super::*;
use crate::gates::working_model::changelog::logged;
use crate::gates::working_model::moves::{started, with_status, without};

const ROADMAP: &str = "# Roadmap\n\n## Now\n\n### SHOP-1: Carts\n\nText.\n\n**Acceptance:**\n\n- a cart holds\n\n### SHOP-2: Prices (done)\n\nAcceptance:\nnone yet\n\n#### Notes\n\n- x\n\n## Later\n\n1. **API-V2-3** Paging\n   Acceptance:\n   - pages\n2. **no id** here\n```\n### SHOP-9: in code\n```\n";

#[test]
fn items_of_both_forms() {
    let found = items(ROADMAP);
    let short: Vec<String> =
        found.iter().map(|item| format!("{} {}:{} {} {}", item.line, item.id, item.title, item.accepted, item.done)).collect();
    assert_eq!(short, ["5 SHOP-1:Carts true false", "13 SHOP-2:Prices (done) false true", "24 API-V2-3:Paging true false"]);
    let left = without(ROADMAP, &found[1]);
    assert!(left.contains("- a cart holds\n\n## Later") && !left.contains("SHOP-2") && !left.contains("#### Notes"), "{left}");
    let common =
        "- [ ] **A-1** one\n- [x] **A-2** two\n\n### [A-3](x): three\n### `A-4`: four\n### **A-5**: five\n### A-6\n### **A-7: seven**\n";
    let short: Vec<String> = items(common).iter().map(|item| format!("{} {} {}", item.id, item.title, item.done)).collect();
    let expected =
        ["A-1 one false", "A-2 two true", "A-3 three false", "A-4 four false", "A-5 five false", "A-6  false", "A-7 seven false"];
    assert_eq!(short, expected);
    assert!(items("### SHOP-1:").len() == 1 && items("").is_empty() && items("### shop-1: x").is_empty());
}

#[test]
fn an_item_takes_only_its_own_along() {
    let text = "\u{feff}- **SHOP-1** one\n  more\n  Acceptance:\n  - a\n\nA paragraph.\n\n* other\n\n- **SHOP-2** two\nAcceptance:\n- b\n  c\n\nText.\n\
        ### SHOP-3: three\n````\n```\n### SHOP-9: code\n````\n<!--\n### SHOP-8: comment\n-->\n### SHOP-4: four\nAcceptance:\n- d\n\nNext\n====\nText.\n";
    let own: Vec<&str> = items(text).iter().map(|item| &text[item.at.clone()]).collect();
    assert_eq!(
        own,
        [
            "- **SHOP-1** one\n  more\n  Acceptance:\n  - a\n",
            "- **SHOP-2** two\nAcceptance:\n- b\n  c\n",
            "### SHOP-3: three\n````\n```\n### SHOP-9: code\n````\n<!--\n### SHOP-8: comment\n-->\n",
            "### SHOP-4: four\nAcceptance:\n- d\n\n",
        ]
    );
    assert_eq!(notes("\u{feff}## SHOP-1\nStatus: active\n```\n## SHOP-2\n```\n")[0].status, "active");
    assert_eq!(notes("```\n## SHOP-2\n```\n").len(), 0);
    let loose = "1. **SHOP-1** one\n\nAcceptance:\n\n- a\n- [ ] b\n\nText.\n- **SHOP-2** two\n  Acceptance:\n  - c\n- d\n- **SHOP-3** three\n\nText.\n\nAcceptance:\n- e\n";
    let own: Vec<(&str, bool, usize)> = items(loose).iter().map(|item| (&loose[item.at.clone()], item.accepted, item.open.len())).collect();
    assert_eq!(
        own,
        [
            ("1. **SHOP-1** one\n\nAcceptance:\n\n- a\n- [ ] b\n", true, 1),
            ("- **SHOP-2** two\n  Acceptance:\n  - c\n", true, 0),
            ("- **SHOP-3** three\n", false, 0),
        ]
    );
    for between in ["\n", "   \n", "<!-- a -->\n"] {
        assert!(items(&format!("1. **S-1** a\n{between}Acceptance:\n- y\n"))[0].accepted, "{between:?}");
    }
    let code = "- **S-1** a\n\nAcceptance:\n- y\n\n```sh\nkeep\n```\n- other\n";
    assert_eq!(&code[items(code)[0].at.clone()], "- **S-1** a\n\nAcceptance:\n- y\n");
    let rules = "### S-1: a\n\n---\n### S-2: b\n\n---\n### S-3: c\n";
    assert_eq!(items(rules).iter().map(|item| &rules[item.at.clone()]).collect::<String>().matches("S-").count(), 3);
    let ids = |text: &str| items(text).into_iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids("+ **SHOP-1** x\n\n  1. **SHOP-2** y\n"), ["SHOP-1"]);
    assert_eq!(ids(" - **SHOP-1** x\n - **SHOP-2** y\n"), ["SHOP-1", "SHOP-2"]);
    let two = "## SHOP-1\nStatus: paused\n## SHOP-1\nStatus: active\n";
    assert_eq!(with_status(two, "SHOP-1", "done").unwrap(), "## SHOP-1\nStatus: paused\n## SHOP-1\nStatus: done\n");
}

#[test]
fn notes_are_begun_and_ended() {
    let item = &items(ROADMAP)[0];
    let handoff = started("# Handoff\n", item, "");
    assert_eq!(handoff, "# Handoff\n\n## SHOP-1\nStatus: active\n\nCarts\n");
    assert_eq!(with_status(&handoff, "SHOP-1", "done").unwrap(), "# Handoff\n\n## SHOP-1\nStatus: done\n\nCarts\n");
    assert_eq!(started(&with_status(&handoff, "SHOP-1", "paused").unwrap(), item, ""), handoff);
    let common = "## [A-1](x)\nStatus: `active`\n## `A-2`\nStatus: **done**\n\nA-3\n---\nStatus: active\n---\nmore\n";
    let short: Vec<String> = notes(common).iter().map(|note| format!("{} {}", note.id, note.status)).collect();
    assert_eq!(short, ["A-1 active", "A-2 done", "A-3 active"]);
    assert!(with_status(common, "A-1", "done").unwrap().starts_with("## [A-1](x)\nStatus: `done`\n"));
    let found = notes("## SHOP-1: note\n- **Status:** Active\nStatus: done\n## Other\nStatus: active\n");
    assert_eq!(found.iter().map(|note| (&*note.id, &*note.status)).collect::<Vec<_>>(), [("SHOP-1", "active")]);
}

#[test]
fn ends_of_lines_stay_as_they_are() {
    let dos = |text: &str| text.replace('\n', "\r\n");
    let roadmap = dos(ROADMAP);
    let found = items(&roadmap);
    assert_eq!(found.iter().map(|item| &*item.title).collect::<Vec<_>>(), ["Carts", "Prices (done)", "Paging"]);
    for (index, item) in items(ROADMAP).iter().enumerate() {
        let item_dos = &found[index];
        assert_eq!(without(&roadmap, item_dos), dos(&without(ROADMAP, item)));
        for handoff in ["", "# Handoff", "# Handoff\n", "# Handoff\n\n", "## SHOP-1\nStatus: paused\n"] {
            assert_eq!(started(&dos(handoff), item_dos, &roadmap), dos(&started(handoff, item, ROADMAP)), "{handoff:?}");
        }
        for changelog in ["", "# Changes\n", "# Changes\n\n- old\n", "# Changes\n\n## Next\n\nText.\n", "Text.\n"] {
            assert_eq!(logged(&dos(changelog), item_dos, &roadmap), dos(&logged(changelog, item, ROADMAP)), "{changelog:?}");
        }
    }
    // A file of its own ends its lines as it does.
    assert_eq!(logged("# Changes\n", &found[0], &roadmap), "# Changes\n\n- SHOP-1: Carts\n");
}

#[test]
fn criteria_that_are_open() {
    let text = "### SHOP-1: x\n- [ ] no criterion\n\nAcceptance:\n\n- [ ] one\n  - [x] more\n  - [ ] less\n\n* [X] two\n  in two lines\n1. [ ]  three\n\nText.\n- [ ] a task\n\n#### Acceptance criteria\n- [ ] none\n\n**Acceptance:**\n- four\n```\n- [ ] code\n```\n- [ ] five\n";
    let found = &items(text)[0];
    let open: Vec<String> = found.open.iter().map(|(line, text)| format!("{line} {text}")).collect();
    assert_eq!(open, ["6 one", "8 less", "12 three", "25 five"]);
    assert!(found.accepted);
}

fn left(text: &str, id: &str) -> String {
    let found = items(text);
    without(text, found.iter().find(|item| item.id == id).unwrap_or_else(|| panic!("no {id} in {text}")))
}

#[test]
fn of_a_list_only_the_item_leaves() {
    let own = "**S-1**: one\n  Acceptance:\n  - y\n";
    for (text, rest) in [
        (format!("# R\n\n- {own}- plain\n- **S-2**: x\n"), "# R\n\n- plain\n- **S-2**: x\n"),
        (format!("- {own}- plain\n- [ ] todo\n- **S-2**: x\n"), "- plain\n- [ ] todo\n- **S-2**: x\n"),
        (format!("# R\n\n- a\n\n- {own}\n- plain\n\nText.\n"), "# R\n\n- a\n\n- plain\n\nText.\n"),
        (format!("- a\n+ {own}* plain\n"), "- a\n* plain\n"),
        ("Text:\n1. **S-1** one\n   Acceptance:\n   - y\n\n     more\n2. two\n".to_owned(), "Text:\n\n2. two\n"),
        ("- group\n  - **S-1** one\n    Acceptance:\n    - y\n  - plain\n- b\n".to_owned(), "- group\n  - plain\n- b\n"),
        (format!("Text\n- {own}---\nFoot\n"), "Text\n\n---\nFoot\n"),
        (format!("- a\n- {own}"), "- a\n"),
    ] {
        let item = &items(&text)[0];
        assert!(item.accepted && item.open.is_empty(), "{text}: {item:?}");
        assert_eq!(without(&text, item), rest, "{text}");
        assert_eq!(left(&text.replace('\n', "\r\n"), "S-1"), rest.replace('\n', "\r\n"));
    }
}

#[test]
fn a_heading_ends_at_a_break_and_leaves_what_others_need() {
    let own = "### S-1: one\n\nText.\n\nAcceptance:\n- y\n";
    for (text, rest) in [
        (format!("# R\n\n{own}\n---\n\nFoot with [site].\n"), "# R\n\n---\n\nFoot with [site].\n"),
        (format!("# R [site]\n\n{own}\n[site]: http://x\n"), "# R [site]\n\n[site]: http://x\n"),
        (
            format!("# R\n\n{own}\n<!-- a\n\nb -->\n[site]:\n  http://x\n### S-2: x\n"),
            "# R\n\n<!-- a\n\nb -->\n[site]:\n  http://x\n\n### S-2: x\n",
        ),
        (
            format!(
                "# R [^1] [^long note]\n\n{own}\n[^1]: Why it is so.\n[^2]: See [site].\n\n    More of it:\n\n    - a\n\n[site]: http://x\n\n### S-2: x\n"
            ),
            "# R [^1] [^long note]\n\n[^1]: Why it is so.\n[^2]: See [site].\n\n    More of it:\n\n    - a\n[site]: http://x\n\n### S-2: x\n",
        ),
        (format!("# R [^1]\n\n{own}\n[^1]: [site]: http://x\n"), "# R [^1]\n\n[^1]: [site]: http://x\n"),
        (format!("Text\n{own}---\nFoot\n"), "Text\n\n---\nFoot\n"),
        (format!("Text\n{own}\nNext\n----\n"), "Text\n\nNext\n----\n"),
        (format!("Text\n{own}## Next\n"), "Text\n## Next\n"),
        (format!("# R\n\n{own}- [ ] open\n\n***\n\n- [ ] todo\n"), "# R\n\n***\n\n- [ ] todo\n"),
    ] {
        assert_eq!(left(&text, "S-1"), rest, "{text}");
        assert_eq!(items(&text)[0].open.len(), usize::from(text.contains("[ ] open")), "{text}");
    }
    let grouped = "### S-1: one\nAcceptance:\n- y\n\nMore:\n\n- group\n  - **S-2**: two\n";
    assert_eq!(left(grouped, "S-1"), "- group\n  - **S-2**: two\n");
}

#[test]
fn items_of_a_list_stand_in_groups_and_between_underscores() {
    let text = "- group\n  - **S-1** one\n    - **S-9** is a part of it\n  - [x] **S-2**: two\n+ __S-3__ three\n+ __S-4: four__\n\n## S-5\n\n\
        Acceptance:\n- y\n  - **S-9** is a part of it\n- **S-6** six\n";
    let short: Vec<String> = items(text).iter().map(|item| format!("{}:{} {}", item.line, item.id, item.title)).collect();
    assert_eq!(short, ["2:S-1 one", "4:S-2 two", "5:S-3 three", "6:S-4 four", "8:S-5 ", "13:S-6 six"]);
    assert_eq!(left(text, "S-1").lines().nth(1), Some("  - [x] **S-2**: two"));
}

#[test]
fn a_break_that_parts_items_leaves_with_the_first_of_them_that_is_done() {
    let item = |id: u32| format!("### S-{id}: x\n\nAcceptance:\n- y\n");
    let three = format!("# R\n\n{}\n---\n\n{}\n---\n\n{}", item(1), item(2), item(3));
    assert_eq!(left(&three, "S-1"), format!("# R\n\n{}\n---\n\n{}", item(2), item(3)));
    assert_eq!(left(&three, "S-2"), format!("# R\n\n{}\n---\n\n{}", item(1), item(3)));
    assert_eq!(left(&three, "S-3"), format!("# R\n\n{}\n---\n\n{}", item(1), item(2)));
    assert_eq!(left(&left(&left(&three, "S-2"), "S-3"), "S-1"), "# R\n");
    let footed = format!("# R\n\nIntro.\n\n---\n\n{}\n---\n\nFoot.\n", item(1));
    assert_eq!(left(&footed, "S-1"), "# R\n\nIntro.\n\n---\n\nFoot.\n");
    let tight = format!("{}---\n{}---\n{}", item(1), item(2), item(3));
    assert_eq!(left(&tight, "S-2"), format!("{}---\n{}", item(1), item(3)));
    let alone = format!("# R\n\nIntro.\n\n---\n\n{}", item(1));
    assert_eq!(left(&alone, "S-1"), "# R\n\nIntro.\n\n---\n");
}

#[test]
fn what_is_quoted_ends_no_item_and_a_quote_stays_one() {
    let text = "### S-1: x\n\n> ## Said\n> ---\n> so\n\n- a\n\n  ## in a list\n\nAcceptance:\n- y\n\n### S-2: x\n";
    assert_eq!(left(text, "S-1"), "### S-2: x\n");
    let quoted = "> Words:\n>\n> - **S-1** one\n>   more\n>\n> Words.\n";
    assert_eq!(left(quoted, "S-1"), "> Words:\n>\n> Words.\n");
    assert_eq!(left("> Words:\n> - **S-1** one\n> ```\n> code\n> ```\n", "S-1"), "> Words:\n>\n> ```\n> code\n> ```\n");
}
