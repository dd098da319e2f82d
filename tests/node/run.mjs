// Runs modules under Node's WASI: argv[2] names a JSON list of { wasm, stdin, stdout, stderr } paths,
// and of a directory that the program is given as `.`, or null; prints the list of exit codes as JSON.
import { closeSync, openSync, readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const codes = [];
for (const run of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const files = [openSync(run.stdin, "r"), openSync(run.stdout, "w"), openSync(run.stderr, "w")];
  const wasi = new WASI({
    version: "preview1",
    args: ["program"],
    env: {},
    preopens: run.directory ? { ".": run.directory } : {},
    stdin: files[0],
    stdout: files[1],
    stderr: files[2],
    returnOnExit: true,
  });
  const module = new WebAssembly.Module(readFileSync(run.wasm));
  const instance = new WebAssembly.Instance(module, wasi.getImportObject());
  codes.push(wasi.start(instance));
  files.forEach(closeSync);
}
console.log(JSON.stringify(codes));
