// The same story in Neovim, which knows nothing of us but the protocol.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { given } from "./lib/codeServer.ts";
import { exampleProject } from "./lib/project.ts";

const run = promisify(execFile);
const neovim = process.env["PREFECT_LENS_NEOVIM"];
const home = await mkdtemp(path.join(tmpdir(), "prefect-lens-neovim-"));
const project = await exampleProject();

after(async () => {
  await project.remove();
  await rm(home, { recursive: true, force: true });
});

interface Seen {
  problem?: string;
  lens: string;
  failed: string;
  stale: string;
  passed: string;
  diagnostics: { line: number; message: string; source: string; code: string }[];
}

test("lenses, a run, the failed state at its line, and the fix", { skip: neovim ? false : "there is no Neovim" }, async () => {
  const { stdout, stderr } = await run(neovim as string, ["--headless", "-u", "NONE", "-n", "-S", path.join(import.meta.dirname, "fixtures", "neovim.lua")], {
    cwd: project.folder,
    timeout: 400_000,
    env: {
      ...process.env,
      STORY_SERVER: JSON.stringify([given("PREFECT_LENS_SERVER"), "server"]),
      XDG_CACHE_HOME: home,
      XDG_STATE_HOME: home,
      XDG_DATA_HOME: home,
      XDG_CONFIG_HOME: home,
    },
  });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  assert.match(last, /^\{/, `Neovim said: ${stdout}${stderr}`);
  const seen = JSON.parse(last) as Seen;
  assert.equal(seen.problem, undefined, JSON.stringify(seen));
  assert.match(seen.lens, /▶ Run 3 tests/);
  assert.match(seen.failed, /✗ 1 failed · 2 passed/);
  assert.match(seen.stale, /○ 1 failed, 2 passed, before the last edit/);
  assert.match(seen.passed, /✓ 3 passed/);
  const [diagnostic] = seen.diagnostics;
  assert.equal(diagnostic?.line, 12);
  assert.equal(diagnostic.source, "prefect-lens");
  assert.equal(diagnostic.code, "PL101");
  assert.match(diagnostic.message, /^Task 'parse' Failed \(attempt 3 of 3\): ValueError/);
});
