// One window on two folders whose files have the same names: each has an index, runs and results of its own.

import { cp, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { exampleProject, write } from "./lib/project.ts";
import type { Project } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const FLOW = "def nightly_report";

/** The example twice in one workspace file; in the second folder the test of the same name fails. */
async function twoFolders(): Promise<Project> {
  const orders = await exampleProject();
  const place = path.dirname(orders.folder);
  const returns = path.join(place, "returns");
  await cp(orders.folder, returns, { recursive: true, verbatimSymlinks: true });
  await write(returns, {
    "tests/test_report.py": 'from flows.report import nightly_report\n\n\ndef test_the_report_ranks_customers(day):\n    assert nightly_report(day, "GBP") == "returned"\n',
  });
  const folder = path.join(place, "both.code-workspace");
  await writeFile(folder, JSON.stringify({ folders: [{ path: "orders" }, { path: "returns" }] }));
  return { folder, remove: () => rm(place, { recursive: true, force: true, maxRetries: 5 }) };
}

const both = scenario({ project: twoFolders, keepsReady: false });
const { step } = both;
const report = (folder: string) => path.join(path.dirname(both.project.folder), folder, "flows", "report.py");

step("each folder's lenses count its own tests", async (window) => {
  await window.quickOpen(report("orders"));
  await window.waitForLens(FLOW, /^▶ Run 1 test Debug$/);
  await window.waitForLens("def render", /^▶ Run 2 tests Debug$/);
  await window.quickOpen(report("returns"));
  await window.waitForLens("def render", /^▶ Run 1 test Debug$/);
});

step("each folder's run is its own, and so is its result", async (window) => {
  await window.run(FLOW, /✗ 1 failed/);
  await window.quickOpen(report("orders"));
  await window.waitForLens(FLOW, /^▶ Run 1 test Debug$/);
  await window.run(FLOW, /✓ 1 passed/);
  await window.quickOpen(report("returns"));
  await window.waitForLens(FLOW, /✗ 1 failed/);
});

step("the Testing view tells the folders apart, and forgets one that is taken out of the window", async (window) => {
  const rows = await window.openTesting("returns/flows/report.py");
  const other = rows.filter({ hasText: "orders/flows/report.py" });
  await other.waitFor();
  await writeFile(both.project.folder, JSON.stringify({ folders: [{ path: "orders" }] }));
  await rows.filter({ hasText: "returns/flows/report.py" }).waitFor({ state: "detached" });
  await other.waitFor();
});
