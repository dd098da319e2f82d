//! What `fetch` needs besides its host: parts of URLs, and memory for what the host returns.

use super::{Machine, module_of};

#[test]
fn parts_of_urls_are_escaped() {
    let module = module_of(&["url_escape"]);
    let mut machine = Machine::new(&module);
    let live = machine.live_objects();
    for (text, in_query, expected) in [
        ("", true, ""),
        ("azAZ09-_.~", true, "azAZ09-_.~"),
        ("a b&c=d/e?f#g%h+i", true, "a+b%26c%3Dd%2Fe%3Ff%23g%25h%2Bi"),
        ("ä\u{20ac}\u{1f600}", true, "%C3%A4%E2%82%AC%F0%9F%98%80"),
        ("\n\u{7f}", true, "%0A%7F"),
        ("/a/b-c?d=e&f=%41+g#~", false, "/a/b-c?d=e&f=%41+g#~"),
        ("/a b\"<>\\^`{|}ä\r\n", false, "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D%C3%A4%0D%0A"),
    ] {
        let string = machine.string(text.as_bytes());
        let escaped = machine.call("url_escape", &[string, u64::from(in_query)]);
        assert_eq!(String::from_utf8_lossy(&machine.take(escaped)), expected, "{text}");
        machine.call("string_release", &[string]);
    }
    assert_eq!(machine.live_objects(), live);
}

#[test]
fn the_host_gets_memory_and_more_of_it() {
    let module = module_of(&["cabi_realloc"]);
    let mut machine = Machine::new(&module);
    let live = machine.live_objects();
    assert_eq!(machine.call("cabi_realloc", &[0, 0, 8, 0]), 8);
    let first = machine.call("cabi_realloc", &[0, 0, 8, 100]);
    assert_eq!(first % 8, 0);
    machine.write(first, b"what is there stays");
    let second = machine.call("cabi_realloc", &[first, 100, 8, 100_000]);
    assert_eq!(&machine.interp.memory()[second as usize..][..19], b"what is there stays");
    machine.call("free", &[second, 100_000]);
    assert_eq!(machine.live_objects(), live);
}
