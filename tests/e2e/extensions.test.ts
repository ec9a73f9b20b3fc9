// Beside other people's extensions (stand-ins with their interfaces): what the Python extension has chosen for an
// interpreter is ours; and tests in the debugger, where a breakpoint in a task is hit, with the run's variables, and the stop
// button ends the run.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { given } from "./lib/codeServer.ts";
import { exampleProject } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const vsce = path.resolve(import.meta.dirname, "..", "..", "vscode-extension", "node_modules", "@vscode", "vsce", "vsce");
const made = await mkdtemp(path.join(tmpdir(), "prefect-lens-stand-ins-"));

/** Makes a stand-in, and returns its VSIX. */
async function standIn(name: string, libraries?: string): Promise<string> {
  const [extension, file] = [path.join(made, name), path.join(made, `${name}.vsix`)];
  await cp(path.join(import.meta.dirname, "fixtures", name), extension, { recursive: true });
  if (libraries !== undefined) {
    await mkdir(path.join(extension, "bundled"));
    await cp(libraries, path.join(extension, "bundled", "libs"), { recursive: true });
  }
  const options = ["--allow-missing-repository", "--skip-license", "--no-dependencies", "--out", file];
  await promisify(execFile)(process.execPath, [vsce, "package", ...options], { cwd: extension });
  return file;
}

/** What is traced takes its time, first of all to be imported. */
const TRACED = { timeout: 120_000 };

const FILES = {
  "pyproject.toml": `[tool.pytest.ini_options]
pythonpath = ["."]

[tool.prefect-lens.environment.variables]
REGION = "eu-west-1"
`,
  "flows/placed.py": `import os

from prefect import flow, task


@task
def place():
    region = os.environ["REGION"]
    return region


@flow
def placed():
    return place()
`,
  "tests/test_placed.py": `from flows.placed import placed


def test_placed():
    assert placed() == "eu-west-1"
`,
};

/** The example and a flow to debug, with two environments, told apart by their names, outside of the project. */
async function project() {
  const made = await exampleProject(FILES, { venv: false });
  for (const name of ["chosen", "other"]) await symlink(path.resolve(given("PREFECT_LENS_TEST_PYTHON"), "..", ".."), path.join(made.folder, "..", name));
  return made;
}

const place = await project();
const choices = ["chosen", "other"].map((name) => path.join(place.folder, "..", name, "bin", "python"));
const { step } = scenario({
  keepsReady: false,
  file: "flows/orders.py",
  project: async () => place,
  extensions: [await standIn("python-extension"), await standIn("python-debugger", given("PREFECT_LENS_TEST_DEBUGPY"))],
  // A debugger is to see all that is imported.
  env: { PREFECT_LENS_STAND_IN: choices.join(":"), LENS_TESTS_FORK_WORKER: "" },
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

step("a breakpoint in a task is hit, and the task sees the run's variables", async (window) => {
  await window.openFile("flows/placed.py");
  await window.waitForLens("def placed", /▶ Run 1 test Debug/);
  await window.goTo("return region");
  await window.page.keyboard.press("F9");
  await window.page.locator(".codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified").first().waitFor();
  await window.clickLens("def placed", "Debug");
  await window.page.locator(".debug-toolbar").waitFor();
  const line = window.page.locator(".debug-top-stack-frame-line");
  await line.first().waitFor(TRACED);
  const rows = window.page.locator(".debug-view-content .monaco-list-row");
  await rows.filter({ hasText: "Locals" }).first().locator(".monaco-tl-twistie").click();
  await rows.filter({ hasText: "region" }).first().waitFor();
  await window.evidence("debugger stopped");
  assert.match(await window.page.locator(".debug-view-content").first().innerText(), /eu-west-1/);
});

step("the tests go on to their end", async (window) => {
  await window.page.keyboard.press("F5");
  await window.waitForRun("def placed", /✓ 1 passed/);
  await window.page.locator(".debug-toolbar").waitFor({ state: "hidden" });
});

step("who ends the session ends the run", async (window) => {
  await window.clickLens("def placed", "Debug");
  await window.page.locator(".debug-top-stack-frame-line").first().waitFor(TRACED);
  await window.page.keyboard.press("Shift+F5");
  await window.waitForLens("def placed", /▶ Run/);
  await window.page.locator(".debug-toolbar").waitFor({ state: "hidden" });
});
