// Takes the documentation's pictures: the real editor, the packaged extension, the example project.

import { mkdir } from "node:fs/promises";
import * as path from "node:path";
import { given } from "./lib/codeServer.ts";
import { scenario } from "./lib/scenario.ts";
import type { Window } from "./lib/window.ts";

const folder = given("PREFECT_LENS_PICTURES");
await mkdir(folder, { recursive: true });

const { step } = scenario({
  asksForTrust: true,
  file: "flows/orders.py",
  size: { width: 1180, height: 900 },
  scale: 1.5,
  settings: { "workbench.colorTheme": "Default Dark Modern", "editor.fontSize": 13, "workbench.layoutControl.enabled": false },
});

/** Takes a picture without the pointer's traces. */
async function picture(window: Window, name: string): Promise<void> {
  await window.page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled", caret: "hide" });
}

step("untrusted.png: lenses before the folder is trusted", async (window) => {
  await window.waitForLens("def orders_flow", /^▶ Trust to run/);
  await window.status.filter({ hasText: "not trusted" }).waitFor();
  await picture(window, "untrusted");
});

step("lenses.png: lenses of a trusted folder", async (window) => {
  await window.clickLens("def orders_flow", "▶ Trust");
  await window.trust();
  await window.waitForFile("orders.py");
  await window.waitForLens("def orders_flow", /^▶ Run/);
  await window.status.filter({ hasText: "✓" }).waitFor();
  await picture(window, "lenses");
});

step("running.png: tests at work", async (window) => {
  await window.clickLens("def orders_flow", "▶ Run");
  await window.waitForLens("def orders_flow", /■ Running/);
  await picture(window, "running");
});

step("failure.png: the failed state at its line, with its story", async (window) => {
  await window.waitForRun("def orders_flow", /✗ 1 failed/);
  const rows = await window.problems();
  await rows.filter({ hasText: "called here, in flow 'orders'" }).first().waitFor();
  await window.page.mouse.move(600, 60);
  await picture(window, "failure");
  await window.hover("return customer.strip()", "amount", "Task 'parse' Failed");
  await picture(window, "hover");
});

step("testing.png: the same result in the Testing view", async (window) => {
  await window.closePanel();
  await window.openTesting("flows/orders.py");
  await window.page.mouse.move(600, 60);
  await picture(window, "testing");
});
