//! Real processes: how they end, and that nothing of them is left.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::*;

const LONG: Limits = Limits { timeout: None, grace: Duration::from_secs(1000), signal: Limits::TERM };

/// Returns `sh -c script` with a mark that no other command has; `MARK` in the script stands for it.
fn shell(script: &str) -> (Spawn, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    Reaper::install();
    let mark = format!("test-{}-{}.", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let spawn = Spawn {
        program: "/bin/sh".into(),
        arg0: "sh".into(),
        args: vec!["-c".into(), script.replace("MARK", &mark).into()],
        dir: "/".into(),
        env: vec![("PATH".into(), std::env::var_os("PATH").unwrap()), (MARK.into(), mark.clone().into())],
        stdin: Stdin::Null,
        output: Output::Capture,
        apart: false,
        group: true,
    };
    (spawn, mark)
}

/// Returns how many living processes carry the mark in their environment or among their words.
fn marked(mark: &str) -> usize {
    let holds = |path: &Path, name: &str| fs::read(path.join(name)).is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark));
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| holds(&entry.path(), "environ") || holds(&entry.path(), "cmdline")).count()
}

/// Runs a script and returns how it ended and what it printed; `on` is called with all that was printed so far. Asserts that nothing is left.
fn watched(script: &str, limits: Limits, cancel: &Cancel, mut on: impl FnMut(&str, &str)) -> (Ended, String) {
    let (spawn, mark) = shell(script);
    let mut printed = String::new();
    let ended = run(&spawn, &limits, cancel, &mut |bytes: &[u8]| {
        printed.push_str(&String::from_utf8_lossy(bytes));
        on(&printed, &mark);
    });
    assert_eq!(marked(&mark), 0, "`{script}` left something");
    (ended.unwrap(), printed)
}

fn simply(script: &str) -> (Ended, String) {
    watched(script, LONG, &Cancel::new().unwrap(), |_, _| {})
}

fn timed(script: &str) -> (Ended, String) {
    let limits = Limits { timeout: Some(Duration::from_millis(200)), grace: Duration::from_millis(20), signal: Limits::TERM };
    watched(script, limits, &Cancel::new().unwrap(), |_, _| {})
}

#[test]
fn how_it_ended() {
    assert_eq!(simply("exit 0").0, Ended::Exit(0));
    assert_eq!(simply("exit 3").0.to_string(), "exit status 3");
    assert_eq!(simply("kill -SEGV $$").0.to_string(), "killed by SIGSEGV");
    assert_eq!(timed("exec sleep 1000").0.to_string(), "timed out (limit 200 ms)");
}

#[test]
fn both_outputs_in_the_order_of_writing() {
    assert_eq!(simply("for i in 1 2 3; do echo out $i; echo err $i >&2; done").1, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

#[test]
fn it_sees_what_it_is_given_and_no_more() {
    let (mut spawn, _) = shell("");
    spawn.program = "/usr/bin/env".into();
    spawn.args = Vec::new();
    spawn.env = vec![("A".into(), "1".into()), ("B".into(), "x y".into())];
    let mut printed = Vec::new();
    run(&spawn, &LONG, &Cancel::new().unwrap(), &mut |bytes: &[u8]| printed.extend_from_slice(bytes)).unwrap();
    assert_eq!(printed, b"A=1\nB=x y\n");
    assert_eq!(simply("cat; pwd; echo $0").1, "/\nsh\n");
}

#[test]
fn a_tree_that_ignores_being_asked_is_killed() {
    let (ended, _) = timed("trap '' TERM; sleep 1000 & (sleep 1000; :) & sleep 1000; sleep 1000");
    assert_eq!(ended, Ended::TimedOut(Duration::from_millis(200)));
}

#[test]
fn who_leaves_the_group_is_killed_when_time_is_over() {
    assert_eq!(timed("setsid sh -c 'trap \"\" TERM; sleep 1000; :' & sleep 1000").0.to_string(), "timed out (limit 200 ms)");
}

#[test]
fn a_background_process_is_ended_and_its_pipe_is_not_waited_for() {
    assert_eq!(simply("sleep 1000 & echo done"), (Ended::Exit(0), String::from("done\n")));
}

#[test]
fn who_leaves_the_session_is_ended() {
    let ready = "mkfifo $d/f; (setsid sh -c \"echo >$d/f; sleep 1000; :\" &); read x <$d/f; rm -r $d; echo done";
    assert_eq!(simply(&format!("d=$(mktemp -d); {ready}")), (Ended::Exit(0), String::from("done\n")));
}

#[test]
fn who_forks_twice_is_ended() {
    let ready = "mkfifo $d/f; (setsid sh -c \"(echo >$d/f; sleep 1000; :) & exit\" &); read x <$d/f; rm -r $d";
    assert_eq!(simply(&format!("d=$(mktemp -d); {ready}")).0, Ended::Exit(0));
}

#[test]
fn who_wiped_its_environment_is_ended_with_the_one_above() {
    let ready = "mkfifo $d/f; (setsid sh -c \"env -i sh -c 'echo >$d/f; sleep 1000; : MARK'; :\" &); read x <$d/f; rm -r $d";
    assert_eq!(simply(&format!("d=$(mktemp -d); {ready}")).0, Ended::Exit(0));
}

#[test]
fn a_writer_who_got_away_keeps_nobody_here() {
    let (ended, printed) = simply("setsid yes & sleep 0.01; exit 4");
    assert_eq!((ended, printed.replace("y\n", "").len() < 2), (Ended::Exit(4), true));
}

#[test]
fn orphans_of_another_command_live_on() {
    let cancel = Cancel::new().unwrap();
    let lived = RefCell::new(0);
    let (ended, _) = watched("(setsid sleep 1000 &); echo ready; sleep 1000", LONG, &cancel, |_, mark| {
        assert_eq!(simply("(setsid sleep 1000 &); exit 5").0, Ended::Exit(5));
        // The shell, its sleep, and the orphan.
        *lived.borrow_mut() = marked(mark);
        cancel.stop();
    });
    assert_eq!((ended, *lived.borrow() >= 2), (Ended::Cancelled, true));
}

#[test]
fn asked_to_end_and_ending_well_is_cancelled_all_the_same() {
    let cancel = Cancel::new().unwrap();
    let script = "trap 'echo bye; exit 0' TERM; echo ready; sleep 1000 & wait";
    let (ended, printed) = watched(script, LONG, &cancel, |_, _| cancel.stop());
    assert_eq!((ended.to_string().as_str(), printed.as_str()), ("cancelled", "ready\nbye\n"));
}

#[test]
fn the_second_time_it_is_killed_at_once() {
    let cancel = Cancel::new().unwrap();
    let script = "trap 'echo again' TERM; echo ready; while :; do sleep 1000 & wait; done";
    let (ended, printed) =
        watched(script, LONG, &cancel, |printed, _| if printed.ends_with("again\n") { cancel.kill() } else { cancel.stop() });
    assert_eq!((ended, printed.starts_with("ready\nagain\n")), (Ended::Cancelled, true));
}

#[test]
fn what_stands_still_is_ended_too() {
    let cancel = Cancel::new().unwrap();
    let (ended, _) = watched("echo ready; kill -STOP $$", LONG, &cancel, |_, _| cancel.stop());
    assert_eq!(ended, Ended::Cancelled);
}

#[test]
fn nothing_starts_once_cancelled() {
    let cancel = Cancel::new().unwrap();
    cancel.stop();
    assert_eq!(watched("echo started", LONG, &cancel, |_, _| {}), (Ended::Cancelled, String::new()));
}

#[test]
fn without_a_group_of_its_own_it_is_ended_with_all_below() {
    let cancel = Cancel::new().unwrap();
    let (spawn, mark) = shell("sleep 1000 & echo ready; wait");
    let ended = run(&Spawn { group: false, ..spawn }, &LONG, &cancel, &mut |_: &[u8]| cancel.stop());
    assert_eq!((ended.unwrap(), marked(&mark)), (Ended::Cancelled, 0));
}

#[test]
fn much_output_comes_in_small_pieces() {
    let (spawn, _) = shell("exec head -c 100000000 /dev/zero");
    let (mut all, mut largest) = (0, 0);
    run(&spawn, &LONG, &Cancel::new().unwrap(), &mut |bytes: &[u8]| {
        all += bytes.len();
        largest = largest.max(bytes.len());
    })
    .unwrap();
    assert_eq!((all, largest <= 64 << 10), (100_000_000, true));
}

#[test]
fn why_it_cannot_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let put = |name: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        fs::write(at(name), text).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    put("bare", "echo\n", 0o755);
    put("lost", "#!/no/such/interpreter\n", 0o755);
    put("locked", "#!/bin/sh\n", 0o644);
    let told = |change: &dyn Fn(&mut Spawn)| {
        let (mut spawn, _) = shell("");
        change(&mut spawn);
        let error = run(&spawn, &LONG, &Cancel::new().unwrap(), &mut |_: &[u8]| {}).unwrap_err();
        error.to_string().replace(folder.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(told(&|spawn| spawn.program = at("none")), "cannot start `DIR/none`: it is not there");
    assert_eq!(told(&|spawn| spawn.dir = at("none")), "cannot start `/bin/sh`: there is no folder `DIR/none` to run it in");
    assert_eq!(
        told(&|spawn| spawn.program = at("lost")),
        "cannot start `DIR/lost`: the interpreter that it names (in its `#!` line, or its loader) is not there"
    );
    assert_eq!(
        told(&|spawn| spawn.program = at("bare")),
        "cannot start `DIR/bare`: it is no program that this machine can run; a script needs a first line like `#!/bin/sh`"
    );
    assert_eq!(
        told(&|spawn| spawn.program = at("locked")),
        "cannot start `DIR/locked`: it may not be executed; `chmod +x` makes a file of your own a program"
    );
    assert_eq!(
        told(&|spawn| spawn.args.push("x".repeat(1 << 20).into())),
        "cannot start `/bin/sh`: its words and variables are longer than the system allows; hand them over in a file"
    );
}

#[test]
fn a_make_below_takes_its_jobs_from_the_jobserver() {
    if !Path::new("/usr/bin/make").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Each of the two waits for the other, so that they must run at the same time.
    let rules = "all: a b\na:\n\t@echo >ab; read x <ba; echo met\nb:\n\t@read x <ab; echo >ba; echo met\n";
    fs::write(folder.path().join("Makefile"), rules).unwrap();
    let jobs = Jobs::host(2).unwrap();
    let _for_make = jobs.try_acquire(1, false).unwrap().unwrap();
    let (mut spawn, _) = shell("mkfifo ab ba && exec make --no-print-directory");
    spawn.dir = folder.path().into();
    spawn.env.extend(jobs.env());
    let mut printed = Vec::new();
    let limits = Limits { timeout: Some(Duration::from_secs(60)), grace: Duration::ZERO, signal: Limits::TERM };
    let ended = run(&spawn, &limits, &Cancel::new().unwrap(), &mut |bytes: &[u8]| printed.extend_from_slice(bytes)).unwrap();
    assert_eq!((ended, String::from_utf8(printed).unwrap().as_str()), (Ended::Exit(0), "met\nmet\n"));
    assert!(jobs.try_acquire(1, false).unwrap().is_some(), "make gave its token back");
}

/// Runs one of the tests below in a process of its own, since it acts on all of its process; `on` as in [`watched`].
fn in_a_process(name: &str, on: impl FnMut(&str, &str)) -> (Ended, String) {
    let this = std::env::current_exe().unwrap();
    let script = format!("exec '{}' --ignored --exact --nocapture -q process::tests::apart::{name} 2>&1", this.display());
    watched(&script, LONG, &Cancel::new().unwrap(), on)
}

/// Waits until something holds, at most a minute.
fn until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() && began.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    assert!(holds());
}

/// Returns the number behind a word of the output.
fn number(printed: &str, word: &str) -> Option<i32> {
    let mut words = printed.split_whitespace().skip_while(|other| !other.ends_with(word)).skip(1);
    words.next().and_then(|number| number.parse().ok())
}

fn state(pid: i32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or(' ')
}

fn send(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn at_the_end_every_child_is_ended() {
    let (ended, printed) = in_a_process("end_all", |_, _| {});
    assert!(ended.success(), "{printed}");
}

#[test]
fn signals_are_told() {
    let mut sent = false;
    let (ended, printed) = in_a_process("signals", |printed, _| {
        if let (Some(pid), false) = (number(printed, "process="), sent) {
            sent = true;
            send(pid, rustix::process::Signal::HUP);
        }
    });
    assert!(ended.success() && printed.contains("signal 1\n"), "{printed}");
}

#[test]
fn what_runs_stands_still_with_orket_and_goes_on_with_it() {
    let mut sent = false;
    let (ended, printed) = in_a_process("pause", |printed, _| {
        if let (Some(orket), Some(command), false) = (number(printed, "process="), number(printed, "command="), sent) {
            sent = true;
            send(orket, rustix::process::Signal::TSTP);
            until(|| state(orket) == 'T' && state(command) == 'T');
            send(orket, rustix::process::Signal::CONT);
            until(|| state(orket) != 'T' && state(command) != 'T');
            send(command, rustix::process::Signal::USR1);
        }
    });
    assert!(ended.success() && printed.contains("went on\n"), "{printed}");
}

mod apart {
    use super::*;

    fn say(text: &str) {
        use std::io::Write;
        std::io::stdout().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn end_all() {
        let reaper = Reaper::install();
        let mut commands: Vec<_> = (0..3).map(|_| std::process::Command::new("sleep").arg("1000").spawn().unwrap()).collect();
        // One that no mark tells: it wiped its environment and belongs to nobody.
        let (mut spawn, _) = shell("(env -i setsid sh -c 'echo ready; sleep 1000; :' &); read x");
        spawn.env.retain(|(name, _)| name != MARK);
        let cancel = Cancel::new().unwrap();
        run(&spawn, &LONG, &cancel, &mut |_: &[u8]| cancel.kill()).unwrap();
        reaper.end_all();
        assert!(commands.iter_mut().all(|command| command.try_wait().is_err()), "all are reaped");
        assert!(rustix::process::wait(rustix::process::WaitOptions::NOHANG).is_err(), "there is no child");
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn signals() {
        let signals = listen_to_signals().unwrap();
        say(&format!("process= {} \n", std::process::id()));
        say(&format!("signal {}\n", signals.recv().unwrap()));
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn pause() {
        let _signals = listen_to_signals().unwrap();
        let (spawn, _) = shell("trap 'echo went on; exit' USR1; echo command= $$; while :; do sleep 1000 & wait; done");
        say(&format!("process= {} \n", std::process::id()));
        let env: Vec<(OsString, OsString)> = spawn.env.iter().filter(|(name, _)| name == "PATH").cloned().collect();
        let mark = (OsString::from(MARK), OsString::from("inner"));
        let spawn = Spawn { env: env.into_iter().chain([mark]).collect(), ..spawn };
        run(&spawn, &LONG, &Cancel::new().unwrap(), &mut |bytes: &[u8]| say(&String::from_utf8_lossy(bytes))).unwrap();
    }
}
