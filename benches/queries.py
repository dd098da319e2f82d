#!/usr/bin/env python3
"""Measures how the time of queries and of operations on whole lists grows with their rows; prints one table.

  queries.py --bin target/release/mochi-wasm [NAME]...

Each is run with 10^4, 10^5 and 10^6 rows. Times are CPU seconds (user and system, the least of three runs) of an artifact
that has been compiled before, less those of the same program without the operation; a ratio near 10 is linear.
Names choose the lines that contain one of them.
"""
import argparse, os, tempfile

from clock import compile_program, cpu_seconds

STEPS = (10**4, 10**5, 10**6)

# What makes N rows whose keys are all below M, in no order, and M rows with those keys.
ROWS = """type Key {{ a: int, b: string }}
type Row {{ id: int, key: {kind}, amount: int }}
fun key_of(i) {{ return {key} }}
var seed = 12345
fun next(n) {{
  seed = seed * 16807 % 2147483647
  return seed % n
}}
var rows: list<Row> = []
var keys: list<Row> = []
for i in 0..M {{ keys = append(keys, Row {{ id: i, key: key_of(i), amount: i }}) }}
for i in 0..N {{ rows = append(rows, Row {{ id: i, key: key_of(next(M)), amount: next(1000) }}) }}
"""
KINDS = {
    "int": ("int", "i * 7"),
    "float": ("float", "i * 0.5"),
    "string": ("string", '"k" + str(i)'),
    "struct": ("Key", 'Key { a: i, b: "b" }'),
    "map": ("any", '{a: i, b: "b"}'),
}
JOIN = "let found = from r in rows join k in keys on r.key == k.key select r.amount + k.amount\nprint(len(found))"
LEFT = "let found = from r in rows left join k in keys on r.key == k.key select r.amount\nprint(len(found))"
GROUP = """let found = from r in rows group by r.key into g select {k: g.key, n: count(g), sum: sum(from r in g select r.amount)}
print(len(found))"""
ROWS_OF_GROUPS = "let found = from r in rows group by r.key into g select {k: g.key, rows: g.items}\nprint(len(found))"

# Lists of N elements for operations of the language.
LISTS = {
    "ints": "var xs: list<int> = []\nfor i in 0..N { xs = append(xs, i * 7 % N) }\n",
    "floats": "var xs: list<float> = []\nfor i in 0..N { xs = append(xs, (i * 7 % N) * 0.5) }\n",
    "strings": 'var xs: list<string> = []\nfor i in 0..N { xs = append(xs, "s" + str(i * 7 % N)) }\n',
    "structs": "type P { x: int, y: string }\nvar xs: list<P> = []\nfor i in 0..N { xs = append(xs, P { x: i * 7 % N, y: \"p\" }) }\n",
    "rows": 'let xs = from i in range(N) select {x: i * 7 % N, y: "p"}\n',
    "lists": "var xs: list<list<int>> = []\nfor i in 0..N { xs = append(xs, [i * 7 % N, i]) }\n",
}


def programs():
    """Name, what is done before, and what is measured."""
    for kind, (declared, key) in KINDS.items():
        before = ROWS.format(kind=declared, key=key)
        yield f"join by {kind}", before.replace("M", "(N / 10)"), JOIN
        yield f"group by {kind}", before.replace("M", "(N / 10)"), GROUP
    before = ROWS.format(kind="int", key="i").replace("M", "(N / 10)")
    yield "group by int, rows", before, ROWS_OF_GROUPS
    yield "join by int, 1000 keys", ROWS.format(kind="int", key="i").replace("M", "1000"), JOIN
    yield "group by int, 1000 keys", ROWS.format(kind="int", key="i").replace("M", "1000"), GROUP
    yield "left join by int", before, LEFT
    yield "group, 40 keys", ROWS.format(kind="string", key='"k" + str(i)').replace("M", "40"), GROUP
    yield "sort by int", before, "print((from r in rows sort by r.amount select r.id)[0])"
    yield "sort by two", before, "print((from r in rows sort by [-r.amount, r.id] select r.id)[0])"
    yield "top ten", before, "print((from r in rows sort by [-r.amount, r.id] take 10 select r.id)[0])"
    yield "exists", before, "print(exists(from r in rows from k in keys where r.id + k.id >= 0 select r))"
    for kind, before in LISTS.items():
        yield f"union, {kind}", before, "print(len(xs union xs))"
        yield f"except, {kind}", before, "print(len(xs except xs[:10]))"
        yield f"distinct, {kind}", before, "print(len(distinct(xs)))"
        yield f"select distinct, {kind}", before, "print(len(from x in xs select distinct x))"
        yield f"reverse, {kind}", before, "print(len(reverse(xs)))"
    text = 'var s = ""\nfor i in 0..N { s = s + "ab," }\n'
    for name, part in (("ASCII", "ab,"), ("UTF-8", "äb,")):
        before = text.replace("ab,", part)
        yield f"reverse, {name}", before, "print(len(reverse(s)))"
        yield f"split, {name}", before, 'print(len(split(s, ",")))'
        yield f"split each, {name}", before, 'print(len(split(s, "")))'
        yield f"characters, {name}", before, "var n = 0\nfor c in s { if c == \",\" { n = n + 1 } }\nprint(n)"
        yield f"upper, {name}", before, "print(len(upper(s)))"
    yield "join strings", LISTS["strings"], 'print(len(join(xs, ",")))'


class Runner:
    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), folder

    def seconds(self, text):
        artifact = compile_program(self.binary, os.path.join(self.folder, "p"), text + "\n")
        return min(cpu_seconds([self.binary, "run", artifact])[0] for _ in range(3))


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    args.add_argument("names", nargs="*")
    options = args.parse_args()
    print(f"{'':28}" + "".join(f"{f'10^{len(str(n)) - 1} ms':>12}" for n in STEPS) + f"{'ratios':>16}{'ns each':>10}")
    with tempfile.TemporaryDirectory() as folder:
        run = Runner(options.bin, folder)
        for name, before, measured in programs():
            if options.names and not any(part in name for part in options.names):
                continue
            times = []
            for n in STEPS:
                texts = [f"let N = {n}\n{before}{after}" for after in ("print(N)", measured)]
                base, whole = map(run.seconds, texts)
                times.append(max(whole - base, 1e-4))
            ratios = "".join(f"{large / small:8.1f}" for small, large in zip(times, times[1:]))
            print(f"{name:28}" + "".join(f"{time * 1000:12.1f}" for time in times) + f"{ratios}{times[-1] / STEPS[-1] * 1e9:10.0f}", flush=True)


if __name__ == "__main__":
    main()
