#!/usr/bin/env python3
"""Measures compiled Mochi programs beside their C twins, run after run in turn.

  compare.py --bin target/release/mochi-wasm --kernels DIR [NAME]... [-n RUNS] [--cflags FLAGS]

DIR holds mochi/NAME.mochi and c/NAME.c. Both are compiled ahead of time (`gcc -O2`; `.cwasm`), must print the
same, and run alternately; a row gives the medians of CPU seconds (user and system) and of the ratios, pair by pair.

What checks of ints cost is measured with the kernels of this folder, against C without vectors:

  compare.py --bin target/release/mochi-wasm --kernels benches/kernels --cflags=-fno-tree-vectorize
"""
import argparse, os, statistics, subprocess, sys, tempfile

from clock import cpu_seconds


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    args.add_argument("--kernels", required=True)
    args.add_argument("-n", type=int, default=7, help="counted runs of each (default 7), after one that is not counted")
    args.add_argument("--cflags", default="", help="more flags for gcc")
    args.add_argument("names", nargs="*")
    options = args.parse_args()
    names = options.names or sorted(name[:-2] for name in os.listdir(os.path.join(options.kernels, "c")) if name.endswith(".c"))
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'kernel':10} {'C s':>8} {'mochi s':>8} {'ratio':>6}  (least to most)")
        for name in names:
            native, compiled = os.path.join(folder, name), os.path.join(folder, name + ".cwasm")
            subprocess.run(["gcc", "-O2", *options.cflags.split(), "-o", native, os.path.join(options.kernels, "c", name + ".c"), "-lm"], check=True)
            source = os.path.join(options.kernels, "mochi", name + ".mochi")
            subprocess.run([options.bin, "compile", source, "-o", compiled], check=True)
            times = []
            for _ in range(options.n + 1):
                (c, expected), (ours, got) = cpu_seconds([native]), cpu_seconds([options.bin, "run", compiled])
                if got != expected:
                    sys.exit(f"{name}: printed {got!r} where its C twin prints {expected!r}")
                times.append((c, ours))
            times = times[1:]
            ratios = sorted(ours / max(c, 1e-4) for c, ours in times)
            print(
                f"{name:10} {statistics.median(c for c, _ in times):8.3f} {statistics.median(m for _, m in times):8.3f}"
                f" {statistics.median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
