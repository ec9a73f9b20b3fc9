// What is stopped leaves nothing behind: by the lens, by the Testing view, by a dead server, by a closed editor.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { exampleProject } from "./lib/project.ts";
import { processesWith, until } from "./lib/processes.ts";
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

const { step, another } = scenario({ file: "flows/endless.py", project: () => exampleProject(FILES), env: { [name]: value } });

/** What a run consists of: the processes that are neither the editor's nor the language server. */
const ofRuns = async () => {
  const all = await processesWith(marker);
  return all.filter(({ command }) => !/code-server|bundled\/server\.py/.test(command) || command.includes("guard"));
};
const sleeping = () => until("the flow runs", 90, async () => (await ofRuns()).filter(({ command }) => command.includes("sleep 86397")).length >= 2);
const gone = (what: string, seconds = 5) =>
  until(`${what}: every process of the run is gone`, seconds, async () => (await ofRuns()).length === 0).catch(async (error: Error) => {
    throw new Error(`${error.message} ${JSON.stringify(await ofRuns())}`);
  });

step("a click on the lens of a running flow ends all that it started", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await window.waitForLens("def wait_for_file", /■ Running 0\/1/);
  await sleeping();
  await window.clickLens("def wait_for_file", "■ Running");
  await gone("cancelled by the lens");
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test$/);
});

step("so does the command", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await sleeping();
  await window.command("Prefect Lens: Cancel Running Tests");
  await gone("cancelled by the command");
});

step("so does the Testing view's button", async (window) => {
  await window.openTesting("flows/endless.py");
  await window.runInTesting("wait_for_file");
  await sleeping();
  await window.page.locator('.sidebar a.action-label[aria-label^="Cancel Test Run"]').first().click();
  await gone("cancelled by the Testing view");
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test$/);
});

step("a server that is killed takes its run along, and comes back", async (window) => {
  await window.clickLens("def wait_for_file", "▶ Run 1 test");
  await sleeping();
  const [server] = (await processesWith(marker)).filter(({ command }) => command.includes("bundled/server.py"));
  assert.ok(server);
  process.kill(server.pid, "SIGKILL");
  await gone("the server was killed");
  await window.waitForLens("def wait_for_file", /^▶ Run 1 test$/);
  await window.status.filter({ hasText: "✓" }).waitFor();
});

step("a closed editor takes its run along", async (window) => {
  const second = await another({ file: "flows/endless.py" });
  await window.close();
  await second.clickLens("def wait_for_file", "▶ Run 1 test");
  await sleeping();
  await second.close();
  await gone("the editor was closed", 10);
});
