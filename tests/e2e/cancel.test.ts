// What is stopped leaves nothing behind: by the lens, by the Testing view, by a dead server, by a closed editor.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { exampleProject } from "./lib/project.ts";
import { processesWith, runOf, until } from "./lib/processes.ts";
import type { Process } from "./lib/processes.ts";
import { scenario } from "./lib/scenario.ts";

// No name of Prefect's: those are kept from a run.
const marker = `END_TO_END_MARKER=${randomUUID()}`;
const [name, value] = marker.split("=") as [string, string];

/** A flow that never ends, in a child process of a child process, and a test for it. */
const FILES = {
  "flows/endless.py": `"""Waits for a file that never comes."""

import subprocess

from prefect import flow


@flow
def wait_for_file() -> None:
    """Wait."""
    subprocess.run(["sh", "-c", "setsid sleep 86397 & sleep 86397"])
`,
  "tests/test_endless.py": "from flows.endless import wait_for_file\n\n\ndef test_waits():\n    wait_for_file()\n",
};

const { step } = scenario({ file: "flows/endless.py", project: () => exampleProject(FILES), env: { [name]: value } });

/** What runs consist of, and what is ready for the next one: all that is neither the editor's nor the language server. */
const ofRuns = async () => {
  const all = await processesWith(marker);
  return all.filter(({ command }) => !/code-server|bundled\/server\.py/.test(command) || command.includes("guard"));
};
/** Waits until the flow runs, and returns the processes of its run. */
const sleeping = () =>
  until("the flow runs", 240, async () => {
    const all = await ofRuns();
    const [first, second] = all.filter(({ command }) => command.includes("sleep 86397"));
    return first !== undefined && second !== undefined && runOf(first, all);
  });
const gone = async (what: string, processes: readonly Process[], seconds = 30) => {
  const left = async () => (await ofRuns()).filter(({ pid }) => processes.some((process) => process.pid === pid));
  await until(`${what}: every process is gone`, seconds, async () => (await left()).length === 0).catch(async (error: Error) => {
    throw new Error(`${error.message} ${JSON.stringify(await left())}`);
  });
};

step("a click on the lens of a running flow ends all that it started", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await window.waitForLens("def wait_for_file", /■ Running 0\/1/);
  const run = await sleeping();
  await window.clickLens("def wait_for_file", "■ Running");
  await gone("cancelled by the lens", run);
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test Debug$/);
});

step("so does the command", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  const run = await sleeping();
  await window.command("Prefect Lens: Cancel Running Tests");
  await gone("cancelled by the command", run);
});

step("so does the Testing view's button", async (window) => {
  await window.openTesting("flows/endless.py");
  await window.runInTesting("wait_for_file");
  const run = await sleeping();
  await window.page.locator('.sidebar a.action-label[aria-label^="Cancel Test Run"]').first().click();
  await gone("cancelled by the Testing view", run);
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test Debug$/);
});

step("a server that is killed takes its run along, and comes back", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await sleeping();
  const all = await ofRuns();
  const [server] = (await processesWith(marker)).filter(({ command }) => command.includes("bundled/server.py"));
  assert.ok(server);
  process.kill(server.pid, "SIGKILL");
  await gone("the server was killed", all);
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test Debug$/);
  await window.status.filter({ hasText: "✓" }).waitFor();
});

step("a closed editor takes its run along", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await sleeping();
  const all = await ofRuns();
  await window.close();
  await gone("the editor was closed", all);
});
