"""Processor time of commands: what the scripts of this folder measure."""
import resource, subprocess, sys


def cpu_seconds(command, **options):
    """User and system seconds of a command that ends well, and its standard output as text."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout


def compile_program(binary, name, text):
    """The path of NAME.cwasm, made of this program."""
    with open(name + ".mochi", "w") as file:
        file.write(text)
    done = subprocess.run([binary, "compile", name + ".mochi", "-o", name + ".cwasm"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{text}\n{done.stderr}")
    return name + ".cwasm"
