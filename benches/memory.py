#!/usr/bin/env python3
"""Measures what compiled Mochi programs need of memory, stack and time as they grow; prints one table.

  memory.py --bin target/release/mochi-wasm [PART]...

The parts are growth, bytes, freeing, rings, stack and compare; without any, all are run. Times are CPU seconds
(user and system) of the run of an artifact that has been compiled before, less those of an empty program. How much
memory a program needs is found by trying limits: it is the least `--max-memory`, in steps of 64 KiB, that it ends well
under, less what an empty program needs; `--max-stack` likewise.
"""
import argparse, os, subprocess, sys, tempfile

from clock import compile_program, cpu_seconds

PAGE = 64 << 10

# What grows, one element a turn; N is replaced.
GROWTH = {
    "variable": "fun f(): int {\n  var xs: list<int> = []\n  for i in 0..N { xs = append(xs, i) }\n  return len(xs)\n}\nprint(f())",
    "global": "var xs: list<int> = []\nfun f() { xs = append(xs, 1) }\nfor i in 0..N { f() }\nprint(len(xs))",
    "cell": "fun f(): int {\n  var xs: list<int> = []\n  let add = fun(i: int): int { xs = append(xs, i)\n    return 0 }\n"
    "  for i in 0..N { add(i) }\n  return len(xs)\n}\nprint(f())",
    "m[k]": 'var m: map<string, list<int>> = {"a": []}\nfor i in 0..N { m["a"] = append(m["a"], i) }\nprint(len(m["a"]))',
    "a[i]": "var a: list<list<int>> = [[], []]\nfor i in 0..N { a[1] = append(a[1], i) }\nprint(len(a[1]))",
    "s.f": "type S { f: list<int> }\nvar s = S { f: [] }\nfor i in 0..N { s.f = append(s.f, i) }\nprint(len(s.f))",
    "string": 'var s = ""\nfor i in 0..N { s = s + "ab" }\nprint(len(s))',
    "m[int] = v": "var m: map<int, int> = {}\nfor i in 0..N { m[i * 7] = i }\nprint(len(m))",
    "m[str] = v": "var m: map<string, int> = {}\nfor i in 0..N { m[str(i)] = i }\nprint(len(m))",
    "a[len] = v": "var a: list<int> = []\nfor i in 0..N { a[i] = i }\nprint(len(a))",
}

# One container of N elements, and M of N.
BYTES = {
    "list<int>": ("list<int>", "[]", "xs = append(xs, i)"),
    "list<float>": ("list<float>", "[]", "xs = append(xs, 0.5)"),
    "list<bool>": ("list<bool>", "[]", "xs = append(xs, true)"),
    "map<int, int>": ("map<int, int>", "{}", "xs[i] = i"),
}
BYTES_ONE = "fun make(n: int): TYPE {\n  var xs: TYPE = EMPTY\n  for i in 0..n { ADD }\n  return xs\n}\nlet one = make(N)\nprint(len(one))"
BYTES_MANY = (
    "fun make(n: int): TYPE {\n  var xs: TYPE = EMPTY\n  for i in 0..n { ADD }\n  return xs\n}\n"
    "var many: list<TYPE> = []\nfor j in 0..M { many = append(many, make(N)) }\nprint(len(many))"
)

FREEING = {
    "nested lists": "var xs: list<any> = []\nfor i in 0..N { xs = [xs] }\nxs = []\nprint(len(xs))",
    "list of lists": "var xs: list<list<int>> = []\nfor i in 0..N { xs = append(xs, [i]) }\nxs = []\nprint(len(xs))",
    "list of strings": 'var xs: list<string> = []\nfor i in 0..N { xs = append(xs, "s" + str(i)) }\nxs = []\nprint(len(xs))',
    "list of structs": "type P { x: int }\nvar xs: list<P> = []\nfor i in 0..N { xs = append(xs, P { x: i }) }\nxs = []\nprint(len(xs))",
    "map of maps": "var m: map<int, map<int, int>> = {}\nfor i in 0..N { m[i] = {1: i} }\nm = {}\nprint(len(m))",
    "linked list": "type L { n: int, next: L }\nvar l: L = none\nfor i in 0..N { l = L { n: i, next: l } }\nl = none\nprint(l == none)",
    "chain of closures": "var f: fun(int): int = fun(x: int): int => x\n"
    "fun wrap(g: fun(int): int): fun(int): int { return fun(x: int): int => x + 1 }\nfun hold(g: any): any { return fun(): any => g }\n"
    "var c: any = 0\nfor i in 0..N { c = hold(c) }\nc = 0\nprint(c)",
}

RINGS = {
    "two structs": "type R { other: R }\nfun pair() {\n  var a = R { other: none }\n  let b = R { other: a }\n  a.other = b\n}\n"
    "for i in 0..N { pair() }\nprint(1)",
    "map in itself": 'fun selfish() {\n  var m: map<string, any> = {}\n  m["m"] = m\n}\nfor i in 0..N { selfish() }\nprint(1)',
    "list in itself": "fun selfish() {\n  var xs: list<any> = [0]\n  xs[0] = xs\n}\nfor i in 0..N { selfish() }\nprint(1)",
    "closure in its cell": "fun selfish() {\n  var f: fun(int): int = fun(x: int): int => x\n  f = fun(x: int): int { if x > 0 { return f(x - 1) }\n"
    "    return 0 }\n  f(1)\n}\nfor i in 0..N { selfish() }\nprint(1)",
}

COMPARE = """type L { n: int, next: L }
fun make(n: int): L {
  var l: L = none
  for i in 0..n { l = L { n: i, next: l } }
  return l
}
fun length(l: L): int {
  var n = 0
  var at = l
  while at != none {
    n = n + 1
    at = at.next
  }
  return n
}
var a = make(N)
let b = make(N)
print(length(a), a == b)
a = none
print(length(b))
"""

STACK = "fun down(n: int): int {\n  if n == 0 { return 0 }\n  return down(n - 1) + 1\n}\nprint(down(N))"


class Runner:
    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), folder
        self.empty = self.compile("print(1)")
        self.start = min(self.seconds(self.empty) for _ in range(5))

    def compile(self, text):
        name = os.path.join(self.folder, "p%d" % len(os.listdir(self.folder)))
        return compile_program(self.binary, name, text + "\n")

    def run(self, artifact, *flags):
        return subprocess.run([self.binary, "run", *flags, artifact], capture_output=True, text=True)

    def seconds(self, artifact):
        return cpu_seconds([self.binary, "run", artifact])[0]

    def time(self, artifact):
        return max(min(self.seconds(artifact) for _ in range(3)) - self.start, 0.0)

    def least(self, artifact, flag, most):
        """The least limit, in pages, under which the program ends well."""
        low, high = 0, most // PAGE
        if self.run(artifact, flag, f"{high * PAGE}B").returncode != 0:
            sys.exit(f"{artifact} fails with {flag} {high * PAGE}B: " + self.run(artifact, flag, f"{high * PAGE}B").stderr)
        while high - low > 1:
            middle = (low + high) // 2
            fits = self.run(artifact, flag, f"{middle * PAGE}B").returncode == 0
            low, high = (low, middle) if fits else (middle, high)
        return high * PAGE

    def peak(self, text, most=1 << 30):
        return self.least(self.compile(text), "--max-memory", most) - PAGE


def row(*cells):
    print("{:24}".format(cells[0]) + "".join("{:>16}".format(cell) for cell in cells[1:]), flush=True)


def growth(run):
    row("growth by one", "10^5 s", "10^6 s", "ratio")
    for name, text in GROWTH.items():
        small, large = (run.time(run.compile(text.replace("N", str(n)))) for n in (10**5, 10**6))
        row(name, f"{small:.3f}", f"{large:.3f}", f"{large / max(small, 1e-3):.1f}")


def per_element(run):
    row("bytes an element", "resident", "peak growing")
    count, many = (1 << 20) + 1, 64
    for name, (kind, empty, add) in BYTES.items():
        texts = [text.replace("TYPE", kind).replace("EMPTY", empty).replace("ADD", add) for text in (BYTES_ONE, BYTES_MANY)]
        peak = run.peak(texts[0].replace("N", str(count))) / count
        each = (1 << 14) + 1
        resident = run.peak(texts[1].replace("M", str(many)).replace("N", str(each))) / (many * each)
        row(name, f"{resident:.1f}", f"{peak:.1f}")


def freeing(run):
    row("10^6 made and freed", "s", "peak MiB")
    for name, text in FREEING.items():
        artifact = run.compile(text.replace("N", str(10**6)))
        row(name, f"{run.time(artifact):.3f}", f"{run.least(artifact, '--max-memory', 1 << 30) / (1 << 20):.1f}")


def rings(run):
    row("10^6 rings in a loop", "s", "peak MiB")
    for name, text in RINGS.items():
        artifact = run.compile(text.replace("N", str(10**6)))
        row(name, f"{run.time(artifact):.3f}", f"{run.least(artifact, '--max-memory', 1 << 30) / (1 << 20):.2f}")


def stack(run):
    artifact = run.compile(STACK.replace("N", str(10**6)))
    row("recursion, 10^6 deep", "least stack MiB", "bytes a call")
    least = run.least(artifact, "--max-stack", 256 << 20)
    row("default 256 MiB", f"{least / (1 << 20):.1f}", f"{least / 10**6:.0f}")


def compare(run):
    artifact = run.compile(COMPARE.replace("N", str(2 * 10**6)))
    done = run.run(artifact)
    row("2 lists of 2*10^6 nodes", "s", "prints")
    row("made, compared, freed", f"{run.time(artifact):.3f}", repr(done.stdout))


PARTS = {"growth": growth, "bytes": per_element, "freeing": freeing, "rings": rings, "stack": stack, "compare": compare}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    args.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Runner(options.bin, folder)
        for index, name in enumerate(options.parts or PARTS):
            if index:
                print()
            PARTS[name](run)


if __name__ == "__main__":
    main()
