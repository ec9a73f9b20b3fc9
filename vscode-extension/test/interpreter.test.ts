import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { findServerInterpreter, liesInside } from "../src/interpreter.ts";
import type { Search } from "../src/interpreter.ts";

let place: string;
let workspace: string;
let outside: string;

beforeEach(async () => {
  place = await realpath(await mkdtemp(path.join(tmpdir(), "prefect-lens-interpreter-")));
  workspace = path.join(place, "workspace");
  outside = path.join(place, "outside");
  await mkdir(workspace);
  await mkdir(outside);
});

afterEach(() => rm(place, { recursive: true, force: true }));

/** A program that answers as a Python does, and leaves a mark that it was started. */
async function fakePython(file: string, version = [3, 12, 1], executable = file): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\ntouch "${file}.started"\necho '${JSON.stringify([executable, version])}'\n`);
  await chmod(file, 0o755);
  return file;
}

const wasStarted = (file: string) => existsSync(`${file}.started`);

/** A search that looks at nothing of this machine. */
function search(over: Partial<Search> = {}): Search {
  return {
    configured: "",
    folders: [workspace],
    trusted: false,
    chosen: [],
    env: { PATH: "", PYENV_ROOT: path.join(place, "no"), UV_PYTHON_INSTALL_DIR: path.join(place, "no") },
    home: path.join(place, "home"),
    platform: "linux",
    workingFolder: outside,
    ...over,
  };
}

const onPath = (...folders: string[]) => ({ env: { ...search().env, PATH: folders.join(":") } });

test("the first Python on PATH that is new enough is taken", async () => {
  await fakePython(path.join(outside, "old", "python3"), [3, 10, 4]);
  const python = await fakePython(path.join(outside, "new", "python3"), [3, 13, 0]);
  const found = await findServerInterpreter(search(onPath(path.join(outside, "old"), path.join(outside, "new"))));
  assert.deepEqual(found, { path: python, version: "3.13.0", why: `${path.join(outside, "new")} on PATH` });
});

test("a newer one beside an old python3 is found by its name", async () => {
  await fakePython(path.join(outside, "python3"), [3, 9, 0]);
  const python = await fakePython(path.join(outside, "python3.14"), [3, 14, 0]);
  const found = await findServerInterpreter(search(onPath(outside)));
  assert.equal("path" in found && found.path, python);
});

test("nothing that lies in an untrusted workspace is started", async () => {
  const traps = await Promise.all(
    [".venv/bin/python3", "venv/bin/python3", "tools/python3"].map((name) => fakePython(path.join(workspace, name))),
  );
  const link = path.join(outside, "linked");
  await symlink(path.join(workspace, "tools"), link);
  const good = await fakePython(path.join(outside, "bin", "python3"));
  const folders = [path.join(workspace, ".venv", "bin"), path.join(workspace, "tools"), link, path.join(outside, "bin")];
  const found = await findServerInterpreter(search({ ...onPath(...folders), chosen: [traps[0] as string] }));
  assert.equal("path" in found && found.path, good);
  assert.deepEqual(traps.filter(wasStarted), []);
});

test("a setting that leads into an untrusted workspace is refused, and told", async () => {
  const trap = await fakePython(path.join(workspace, ".venv", "bin", "python"));
  for (const configured of [trap, ".venv/bin/python", "${workspaceFolder}/.venv/bin/python"]) {
    const found = await findServerInterpreter(search({ configured }));
    assert.match("rejected" in found ? found.rejected.join() : "", /prefectLens\.serverInterpreter.*not trusted/);
  }
  assert.equal(wasStarted(trap), false);
});

test("a program outside that turns out to be one of the workspace is refused", async () => {
  const inside = await fakePython(path.join(workspace, "python"));
  await fakePython(path.join(outside, "python3"), [3, 12, 0], inside);
  const found = await findServerInterpreter({ ...search(onPath(outside)), platform: "linux" });
  assert.ok(!("path" in found) || found.path !== inside);
});

test("once trusted, the project's own Python counts, after those from outside", async () => {
  const python = await fakePython(path.join(workspace, ".venv", "bin", "python3"), [3, 99, 0]);
  const found = await findServerInterpreter(search({ configured: "${workspaceFolder}/.venv/bin/python3", trusted: true }));
  assert.deepEqual(found, { path: python, version: "3.99.0", why: "prefectLens.serverInterpreter" });
});

test("a setting that names nothing is told with its path", async () => {
  const found = await findServerInterpreter(search({ configured: "~/nowhere/python" }));
  const missing = path.join(place, "home", "nowhere", "python");
  assert.deepEqual(found, { rejected: [`${missing} (prefectLens.serverInterpreter) is not there, or is no program.`] });
});

test("what does not answer as a Python is passed over", async () => {
  const odd = path.join(outside, "odd", "python3");
  await mkdir(path.dirname(odd), { recursive: true });
  await writeFile(odd, "#!/bin/sh\necho hello\n");
  await chmod(odd, 0o755);
  const good = await fakePython(path.join(outside, "good", "python3"));
  const found = await findServerInterpreter(search(onPath(path.dirname(odd), path.dirname(good))));
  assert.equal("path" in found && found.path, good);
});

test("a version manager's shim gives way to the program behind it", async () => {
  const behind = await fakePython(path.join(outside, "versions", "bin", "python3"));
  await fakePython(path.join(outside, "shims", "python3"), [3, 12, 1], behind);
  const found = await findServerInterpreter(search(onPath(path.join(outside, "shims"))));
  assert.equal("path" in found && found.path, behind);
});

test("inside is told by the place, by its links and without regard to case where the system has none", async () => {
  await mkdir(path.join(workspace, "bin"));
  await symlink(path.join(workspace, "bin"), path.join(outside, "link"));
  await symlink(workspace, path.join(place, "alias"));
  assert.equal(await liesInside(path.join(workspace, "bin", "python"), [workspace], "linux"), true);
  assert.equal(await liesInside(path.join(outside, "link", "python"), [workspace], "linux"), true);
  assert.equal(await liesInside(path.join(workspace, "bin", "python"), [path.join(place, "alias")], "linux"), true);
  assert.equal(await liesInside(path.join(place, "workspace-2", "python"), [workspace], "linux"), false);
  assert.equal(await liesInside(workspace.toUpperCase(), [workspace], "darwin"), true);
  assert.equal(await liesInside(workspace.toUpperCase(), [workspace], "linux"), false);
});
