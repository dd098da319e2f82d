//! Streams: buffering, lines, the clock, failures.

use super::{Machine, Random, module_of};

const PRINTS: &[&str] = &[
    "print_int",
    "print_float",
    "print_bool",
    "print_string",
    "print_none",
    "print_newline",
    "int_from_magnitude",
    "write_stdout",
    "flush_stdout",
    "exit_program",
    "fail_message",
    "fail_expect",
];

#[test]
fn values_print_as_text() {
    let module = module_of(PRINTS);
    let mut machine = Machine::new(&module);
    let large = machine.call("int_from_magnitude", &[0, 1, 1]);
    let text = machine.string("hé".as_bytes());
    for (name, arg) in [
        ("print_int", -5_i64 as u64),
        ("print_int", large),
        ("print_int", 17 << 58),
        ("print_float", 2.5_f64.to_bits()),
        ("print_bool", 0),
        ("print_bool", 1),
        ("print_bool", 2),
        ("print_string", text),
        ("print_string", 0),
    ] {
        machine.call(name, &[arg]);
        machine.call("write_byte", &[32]);
    }
    machine.call("print_none", &[]);
    machine.call("print_newline", &[]);
    assert_eq!(machine.interp.host.writes, 0);
    machine.call("flush_stdout", &[]);
    assert_eq!(machine.interp.host.output(), "-5 -18446744073709551616 nil 2.5 false true nil hé nil nil\n");
}

#[test]
fn output_collects_until_the_buffer_is_full() {
    let module = module_of(PRINTS);
    let mut machine = Machine::new(&module);
    let bytes = machine.call("alloc", &[100_000]);
    machine.write(bytes, &[b'x'; 100_000]);
    let mut written = 0;
    for length in [1, 8191, 5000, 5000, 100_000, 8192, 8192, 8193, 1] {
        machine.call("write_stdout", &[bytes, length]);
        written += length as usize;
    }
    machine.call("flush_stdout", &[]);
    assert_eq!(machine.interp.host.stdout, vec![b'x'; written]);
    assert!(machine.interp.host.writes <= 8, "{} writes", machine.interp.host.writes);
}

#[test]
fn a_terminal_gets_each_line_at_its_end() {
    let module = module_of(PRINTS);
    let mut machine = Machine::new(&module);
    machine.interp.host.terminal = true;
    machine.call("print_int", &[1]);
    assert_eq!(machine.interp.host.output(), "");
    machine.call("print_newline", &[]);
    assert_eq!(machine.interp.host.output(), "1\n");
}

#[test]
fn a_failure_follows_the_output_and_ends_the_program() {
    let module = module_of(PRINTS);
    let mut machine = Machine::new(&module);
    machine.call("print_int", &[1]);
    let text = machine.string(b"x == 1");
    let (code, errors) = machine.fail("fail_expect", &[text + 20, 6, 9]);
    assert_eq!(code, 1);
    assert_eq!(machine.interp.host.output(), "1");
    assert_eq!(errors, "error: expect condition failed at test.mochi:9: x == 1\n  at test.mochi:9\n");
}

#[test]
fn a_program_ends_with_its_code_and_all_of_its_output() {
    let module = module_of(PRINTS);
    let mut machine = Machine::new(&module);
    machine.call("print_int", &[1]);
    assert_eq!(machine.fail("exit_program", &[3]), (3, String::new()));
    assert_eq!(machine.interp.host.output(), "1");
}

#[test]
fn lines_of_any_length_are_read_whole() {
    let module = module_of(&["input"]);
    let mut random = Random(1);
    let lines: Vec<Vec<u8>> = [0, 1, 10, 8190, 8191, 8192, 8193, 30_000, 0, 70_000, 5]
        .map(|length| (0..length).map(|_| random.pick("aé€\u{1}".as_bytes())).collect())
        .to_vec();
    for (end, read_limit) in [("\n", None), ("\r\n", None), ("\n", Some(7)), ("\r\n", Some(4096))] {
        let mut stdin = lines.join(end.as_bytes());
        stdin.extend_from_slice(b"\nlast");
        let mut machine = Machine::new(&module);
        machine.interp.host.stdin = stdin;
        machine.interp.host.read_limit = read_limit;
        for line in &lines {
            let string = machine.call("input", &[]);
            assert!(machine.take(string) == *line, "a line of {} bytes", line.len());
        }
        let last = machine.call("input", &[]);
        assert_eq!(machine.take(last), b"last");
        for _ in 0..2 {
            let end = machine.call("input", &[]);
            assert_eq!(machine.take(end), b"");
        }
        assert_eq!(machine.live_objects(), 0);
    }
}

#[test]
fn time_is_the_clocks_or_the_seeds() {
    let module = module_of(&["now"]);
    let run = |environment: &[&str]| {
        let mut machine = Machine::new(&module);
        machine.interp.host.clock = 1_700_000_000_000_000_000;
        machine.interp.host.clock_step = 5;
        machine.interp.host.environment = environment.iter().map(|&entry| entry.to_owned()).collect();
        let times = [(); 3].map(|()| machine.call("now", &[]));
        assert_eq!(machine.live_objects(), 0);
        times
    };
    let clock = [0, 5, 10].map(|passed| 1_700_000_000_000_000_000 + passed);
    assert_eq!(run(&[]), clock);
    assert_eq!(run(&["MOCHI_NOW_SEED=x"]), clock);
    assert_eq!(run(&["A=1", "MOCHI_NOW_SEED=0", "Z="]), [1_013_904_223, 1_197_221_644, 1_676_009_439]);
}

#[test]
fn objects_left_at_the_end_are_reported() {
    let module = module_of(&["report_live"]);
    let mut machine = Machine::new(&module);
    machine.call("report_live", &[]);
    machine.string(b"left");
    assert_eq!(
        machine.fail("report_live", &[]),
        (1, "live objects: 1\n  string: 1 made before the first line\n".to_owned())
    );
}
