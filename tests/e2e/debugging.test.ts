// Tests in the debugger: a breakpoint in a task is hit, with the run's variables; the stop button ends the run.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { given } from "./lib/codeServer.ts";
import { exampleProject } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const vsce = path.resolve(import.meta.dirname, "..", "..", "vscode-extension", "node_modules", "@vscode", "vsce", "vsce");
const made = await mkdtemp(path.join(tmpdir(), "prefect-lens-debugger-"));
const extension = path.join(made, "extension");
await cp(path.join(import.meta.dirname, "fixtures", "python-debugger"), extension, { recursive: true });
await mkdir(path.join(extension, "bundled"));
await cp(given("PREFECT_LENS_TEST_DEBUGPY"), path.join(extension, "bundled", "libs"), { recursive: true });
const standIn = path.join(made, "debugger.vsix");
await promisify(execFile)(
  process.execPath,
  [vsce, "package", "--allow-missing-repository", "--skip-license", "--no-dependencies", "--out", standIn],
  { cwd: extension },
);

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

const { step } = scenario({
  project: () => exampleProject(FILES),
  file: "flows/placed.py",
  extensions: [standIn],
  keepsReady: false,
  env: { LENS_TESTS_FORK_WORKER: "" }, // a debugger is to see all that is imported
});

step("a breakpoint in a task is hit, and the task sees the run's variables", async (window) => {
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
