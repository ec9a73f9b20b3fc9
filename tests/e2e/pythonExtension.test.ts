// Beside the Python extension (a stand-in with its interface): its choice of an interpreter is ours.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { symlink } from "node:fs/promises";
import { given } from "./lib/codeServer.ts";
import { exampleProject } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const vsce = path.resolve(import.meta.dirname, "..", "..", "vscode-extension", "node_modules", "@vscode", "vsce", "vsce");
const standIn = path.join(tmpdir(), `prefect-lens-stand-in-${process.pid}.vsix`);
const options = ["--allow-missing-repository", "--skip-license", "--no-dependencies", "--out", standIn];
await promisify(execFile)(process.execPath, [vsce, "package", ...options], {
  cwd: path.join(import.meta.dirname, "fixtures", "python-extension"),
});

/** Two environments, told apart by their names, outside of the project. */
async function project() {
  const made = await exampleProject({}, { venv: false });
  for (const name of ["chosen", "other"]) await symlink(path.resolve(given("PREFECT_LENS_TEST_PYTHON"), "..", ".."), path.join(made.folder, "..", name));
  return made;
}

const place = await project();
const choices = ["chosen", "other"].map((name) => path.join(place.folder, "..", name, "bin", "python"));
const { step } = scenario({
  keepsReady: false,
  file: "flows/orders.py",
  project: async () => place,
  extensions: [standIn],
  env: { PREFECT_LENS_STAND_IN: choices.join(":") },
});

step("the interpreter that it has chosen runs the tests", async (window) => {
  await window.status.filter({ hasText: /✓ 3\.\d+\.\d+ · chosen/ }).waitFor();
  await window.run("def archive", /✓ 1 passed/);
});

step("a click on the status bar tells which one and why", async (window) => {
  await window.status.click();
  const rows = window.page.locator(".quick-input-list .monaco-list-row");
  const row = rows.filter({ hasText: "Interpreter" }).first();
  await row.waitFor();
  assert.match(await row.innerText(), /chosen\/bin\/python[^]*Python extension/);
  await window.page.keyboard.press("Escape");
});

step("another choice holds for the next run, without a restart", async (window) => {
  await window.command("Stand-In: Choose the Next Environment");
  await window.status.filter({ hasText: /✓ 3\.\d+\.\d+ · other/ }).waitFor();
  await window.run("def archive", /✓ 1 passed/);
});
