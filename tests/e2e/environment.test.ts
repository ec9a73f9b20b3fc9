// A run that needs a secret: agreed to, asked for once, kept by the editor, never shown.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { scenario } from "./lib/scenario.ts";
import { until } from "./lib/processes.ts";
import { exampleProject } from "./lib/project.ts";

const SECRET = "w4rehouse-t0ken-of-the-test";

const FILES = {
  "pyproject.toml": `[tool.pytest.ini_options]
pythonpath = ["."]

[tool.prefect-lens.environment]
inherit = true

[tool.prefect-lens.environment.variables]
WAREHOUSE_TOKEN = { editor = "warehouse token" }

[tool.prefect-lens.profile.staging.environment.variables]
REGION = "eu-west-1"
`,
  "flows/keyed.py": `import os

from prefect import flow


@flow
def keyed():
    assert len(os.environ["WAREHOUSE_TOKEN"]) == 27
    if "REGION" in os.environ:
        raise ValueError(f"refused {os.environ['WAREHOUSE_TOKEN']}")
`,
  "explore.ipynb": JSON.stringify({
    cells: [{ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: ["import os\n", "password = 'x9-Kp2-Qw7'"] }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  }),
  "tests/test_keyed.py": `from flows.keyed import keyed


def test_keyed():
    keyed()
`,
};

const opened = scenario({ project: () => exampleProject(FILES), file: "flows/keyed.py", keepsReady: false });
const { step } = opened;

step("a run asks before it fetches anything, and then for the secret", async (window) => {
  await window.clickLens("def keyed", "▶ Run");
  const question = window.toasts.filter({ hasText: "WAREHOUSE_TOKEN: asks for warehouse token" });
  await question.waitFor();
  await window.evidence("environment asked");
  await question.locator(".monaco-button", { hasText: /^Allow$/ }).click();
  const box = window.page.locator(".quick-input-widget", { hasText: "warehouse token" });
  await box.waitFor();
  assert.equal(await box.locator("input").last().getAttribute("type"), "password");
  await window.page.keyboard.insertText(SECRET);
  await window.evidence("environment given");
  await window.page.keyboard.press("Enter");
  await window.waitForRun("def keyed", /✓ 1 passed/);
});

step("the next run asks for nothing", async (window) => {
  await window.run("def keyed", /✓ 1 passed/);
});

step("the environment is explained without a value", async (window) => {
  await window.command("Prefect Lens: Check Environment");
  const shown = window.page.locator(".view-lines", { hasText: "asks for warehouse token" }).last();
  await shown.waitFor();
  const text = (await shown.innerText()).replaceAll("\u00a0", " ");
  assert.match(text, /asks for warehouse token · 16 to 63 characters/);
  assert.ok(!text.includes(SECRET));
  await window.evidence("environment explained");
});

step("another profile is chosen in the status item's list, and holds for the next run", async (window) => {
  await window.page.keyboard.press("Control+1");
  await window.status.click();
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "the project's own" }).click();
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "staging" }).click();
  await window.status.filter({ hasText: ".venv · staging" }).waitFor();
  await window.run("def keyed", /✗ 1 failed/);
  const problem = (await window.problems()).filter({ hasText: "refused" }).first();
  await problem.waitFor();
  await window.evidence("environment failed");
  assert.ok(!(await problem.innerText()).includes(SECRET));
});

step("a credential that is typed is told, and moved by its action", async (window) => {
  await window.closePanel();
  await window.replaceLine("raise ValueError", 'api_token = "t0k3n-8842-xq91"');
  await window.page.locator(".squiggly-warning").first().waitFor();
  await window.evidence("credential found");
  await window.actions("api_token =", "t0k3n", "Move it to where secrets live", "load it from a Prefect Secret block");
  await window.evidence("credential offered");
  await window.page.keyboard.press("Enter");
  await window.page.locator(".view-line", { hasText: 'api_token = os.environ["API_TOKEN"]' }).first().waitFor();
  await window.page.locator(".squiggly-warning").waitFor({ state: "detached" });
  // The editor saves what it has not open, a moment later.
  const settings = path.join(opened.project.folder, "pyproject.toml");
  const source = 'API_TOKEN = { editor = "API_TOKEN of orders" }';
  await until("the variable in pyproject.toml", 30, async () => (await readFile(settings, "utf8")).includes(source));
  await window.evidence("credential moved");
});

step("a credential in a notebook is told with its cell, leads to the notebook, and stands in the cell there", async (window) => {
  const problem = (await window.problems()).filter({ hasText: "(password) in cell 1, line 2" }).first();
  await problem.waitFor();
  await problem.dblclick();
  await window.page.locator(".tab", { hasText: "explore.ipynb" }).first().waitFor();
  await window.page.locator(".notebookOverlay .squiggly-warning").first().waitFor();
  await problem.waitFor({ state: "detached" });
  await (await window.problems()).filter({ hasText: "looks like a credential (password), for everybody" }).first().waitFor();
  await window.evidence("credential in a notebook");
});

step("the action on it moves it from its cell", async (window) => {
  const cell = window.page.locator(".notebookOverlay .view-line", { hasText: "password =" }).first();
  await cell.click();
  await window.page.keyboard.press("End");
  await window.page.keyboard.press("ArrowLeft");
  await window.page.keyboard.press("Control+.");
  await window.page.locator(".action-widget .monaco-list-row", { hasText: "Mark it as no secret" }).waitFor();
  await window.page.locator(".action-widget .monaco-list-row", { hasText: "Move it to where secrets live" }).waitFor();
  await window.evidence("credential offered in a cell");
  await window.page.keyboard.press("Enter");
  await window.page.locator(".notebookOverlay .view-line", { hasText: 'password = os.environ["PASSWORD"]' }).first().waitFor();
  await window.page.locator(".notebookOverlay .squiggly-warning").waitFor({ state: "detached" });
  const settings = path.join(opened.project.folder, "pyproject.toml");
  await until("the variable in pyproject.toml", 30, async () => (await readFile(settings, "utf8")).includes("PASSWORD = { editor ="));
  await window.evidence("credential moved from a cell");
});
