#!/usr/bin/env python3
"""Measures how fast compiled Mochi programs load data; prints one table.

  data.py --bin target/release/mochi-wasm [--rows N] [FORMAT]...

Files of N rows (a million) are made in a temporary directory: an id, a name, a number with a fraction, a bool and one of
a few words. Each is loaded as declared structs and as maps. Times are CPU seconds (user and system), the best of three
runs of an artifact that has been compiled before, less those of an empty program.
"""
import argparse, json, os, random, tempfile

from clock import compile_program, cpu_seconds

STRUCTS = """type Row { id: int, name: string, score: float, active: bool, city: string }
let rows = load "data.FORMAT" as Row with { format: "FORMAT" }
print(len(rows), rows[len(rows) - 1].name)
"""
MAPS = """let rows = load "data.FORMAT" as map<string, any> with { format: "FORMAT" }
print(len(rows), rows[len(rows) - 1]["name"])
"""
CITIES = ["Hanoi", "Hue", "Da Nang", "Saigon"]


def values(count):
    numbers = random.Random(1)
    for i in range(count):
        yield {
            "id": i,
            "name": f"person {i * 7919 % count}",
            "score": round(numbers.random() * 100, 2),
            "active": i % 3 == 0,
            "city": numbers.choice(CITIES),
        }


def write(path, form, count):
    with open(path, "w") as file:
        if form == "csv":
            file.write("id,name,score,active,city\n")
        if form == "json":
            file.write("[\n")
        for index, row in enumerate(values(count)):
            if form == "csv":
                file.write(",".join(json.dumps(value).strip('"') for value in row.values()) + "\n")
            elif form == "json":
                file.write(json.dumps(row) + (",\n" if index + 1 < count else "\n]\n"))
            elif form == "jsonl":
                file.write(json.dumps(row) + "\n")
            else:
                lines = [f"{name}: {json.dumps(value)}" if name != "name" else f"{name}: {value}" for name, value in row.items()]
                file.write("- " + "\n  ".join(lines) + "\n")


def seconds(binary, folder, artifact):
    return cpu_seconds([binary, "run", "--dir", ".", artifact], cwd=folder)[0]


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    args.add_argument("--rows", type=int, default=1_000_000)
    args.add_argument("formats", nargs="*", choices=["csv", "json", "jsonl", "yaml", []])
    options = args.parse_args()
    binary = os.path.abspath(options.bin)
    with tempfile.TemporaryDirectory() as folder:
        best = lambda artifact: min(seconds(binary, folder, artifact) for _ in range(3))
        start = best(compile_program(binary, os.path.join(folder, "empty"), "print(1)\n"))
        print(f"{'format':8}{'MB':>8}{'structs, s':>12}{'MB/s':>8}{'maps, s':>12}{'MB/s':>8}")
        for form in options.formats or ["csv", "json", "jsonl", "yaml"]:
            path = os.path.join(folder, "data." + form)
            write(path, form, options.rows)
            size = os.path.getsize(path) / 1e6
            cells = f"{form:8}{size:8.1f}"
            for name, text in (("structs", STRUCTS), ("maps", MAPS)):
                artifact = compile_program(binary, os.path.join(folder, f"{name}-{form}"), text.replace("FORMAT", form))
                time = best(artifact) - start
                cells += f"{time:12.2f}{size / time:8.0f}"
            print(cells, flush=True)
            os.remove(path)


if __name__ == "__main__":
    main()
