#!/usr/bin/env python3
"""Measures how joins and groups grow with their rows beside C that does the same with tables of the same sizes.

  scaling.py --bin target/release/mochi-wasm

N rows are joined with N/10 rows by a key that those have once, and grouped by N/10 keys. Each program does so several
times over the same rows; a row of the table gives nanoseconds of a row (CPU, the best of five runs, less those of a
program that only makes the rows). What grows in C as well is what memory caches cost.
"""
import argparse, os, subprocess, tempfile

from clock import compile_program, cpu_seconds

MOCHI = """type Row { key: int value: int }
var seed = 42
var many: list<Row> = []
var few: list<Row> = []
for i in 0..FEW { few = append(few, Row { key: i * 7, value: i }) }
for i in 0..MANY {
  seed = seed * 16807 % 2147483647
  many = append(many, Row { key: seed % FEW * 7, value: seed % 1000 })
}
var total = 0
for round in 0..ROUNDS {
  BODY
}
print(total)
"""
BODIES = {
    "rows": "total = total + len(many)",
    "join": "total = total + sum(from x in many join y in few on x.key == y.key select x.value + y.value)",
    "group": """let sums = from x in many group by x.key into g select sum(from x in g select x.value)
  total = total + len(sums) + sums[0]""",
}
NATIVE = """#include <stdio.h>
#include <stdlib.h>
typedef long long i64;
typedef struct { i64 key, value; } Row;
typedef struct { i64 key; int row; } Slot;
static unsigned slot(i64 key, int shift) { return (unsigned long long)key * 0x9E3779B97F4A7C15ull >> shift; }
static Row *row(i64 key, i64 value) {
  Row *row = malloc(sizeof *row);
  *row = (Row){key, value};
  return row;
}
int main(void) {
  i64 seed = 42, total = 0;
  Row **many = malloc(MANY * sizeof *many), **few = malloc(FEW * sizeof *few);
  for (int i = 0; i < FEW; i++) few[i] = row(i * 7LL, i);
  for (int i = 0; i < MANY; i++) {
    seed = seed * 16807 % 2147483647;
    many[i] = row(seed % FEW * 7, seed % 1000);
  }
  unsigned size = 1, at;
  int shift = 64;
  while (size < FEW * 2u) size *= 2, shift--;
  for (int round = 0; round < ROUNDS; round++) {
    if (KIND == 0) { total += MANY; continue; }
    Slot *slots = malloc(size * sizeof *slots);
    i64 *sums = malloc(FEW * sizeof *sums), sum = 0;
    int groups = 0;
    for (unsigned i = 0; i < size; i++) slots[i].row = -1;
    if (KIND == 1) {
      for (int i = 0; i < FEW; i++) {
        for (at = slot(few[i]->key, shift); slots[at].row >= 0; at = at + 1 & size - 1) {}
        slots[at] = (Slot){few[i]->key, i};
      }
      for (int i = 0; i < MANY; i++) {
        for (at = slot(many[i]->key, shift); slots[at].row >= 0 && slots[at].key != many[i]->key; at = at + 1 & size - 1) {}
        if (slots[at].row >= 0) sum += many[i]->value + few[slots[at].row]->value;
      }
      total += sum;
    } else {
      for (int i = 0; i < MANY; i++) {
        for (at = slot(many[i]->key, shift); slots[at].row >= 0 && slots[at].key != many[i]->key; at = at + 1 & size - 1) {}
        if (slots[at].row < 0) {
          slots[at] = (Slot){many[i]->key, groups};
          sums[groups++] = 0;
        }
        sums[slots[at].row] += many[i]->value;
      }
      total += groups + sums[0];
    }
    free(slots);
    free(sums);
  }
  printf("%lld\\n", total);
  return 0;
}
"""
STEPS = [10_000, 100_000, 1_000_000]
WORK = 5_000_000


def filled(text, count):
    numbers = {"MANY": count, "FEW": count // 10, "ROUNDS": WORK // count}
    for name, number in numbers.items():
        text = text.replace(name, str(number))
    return text


def compile_native(name, text):
    with open(name + ".c", "w") as file:
        file.write(text)
    subprocess.run(["gcc", "-O2", "-w", "-o", name, name + ".c"], check=True)
    return os.path.abspath(name)


def best(command):
    runs = [cpu_seconds(command) for _ in range(5)]
    return min(seconds for seconds, _ in runs), runs[0][1]


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    binary = os.path.abspath(args.parse_args().bin)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        heads = [f"10^{len(str(step)) - 1} ns" for step in STEPS]
        print(f"{'':14} {''.join(f'{head:>10}' for head in heads)}   times ten rows take")
        made = {}
        for kind, (name, body) in enumerate(BODIES.items()):
            found = {"mochi": [], "C": []}
            for step in STEPS:
                artifact = compile_program(binary, "program", filled(MOCHI.replace("BODY", body), step))
                native = compile_native("native", filled(NATIVE.replace("KIND", str(kind)), step))
                (mochi, printed), (c, expected) = best([binary, "run", "--trust-cwasm", artifact]), best([native])
                assert printed == expected, f"{name}: {printed} is not {expected}"
                found["mochi"].append(mochi)
                found["C"].append(c)
            if name == "rows":
                made = found
                continue
            for language, seconds in found.items():
                each = [(time - base) / WORK * 1e9 for time, base in zip(seconds, made[language])]
                growth = ", ".join(f"{10 * b / a:.1f}" for a, b in zip(each, each[1:]))
                print(f"{name + ', ' + language:14} {''.join(f'{value:10.1f}' for value in each)}   {growth}")


if __name__ == "__main__":
    main()
