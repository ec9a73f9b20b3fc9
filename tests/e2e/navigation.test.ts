// Ways through a project: what a cursor tells, the tests of a flow, flows and tasks by name, who calls whom.

import assert from "node:assert/strict";
import { scenario } from "./lib/scenario.ts";

const { step } = scenario({ file: "flows/orders.py", keepsReady: false });

step("a hover at a call tells how the task is written, and its tests", async (window) => {
  await window.waitForLens("def orders_flow", /^▶ Run \d tests Debug$/);
  const hover = await window.hover("orders.append(parse(line))", "parse", "flows/orders.py:parse");
  const text = await hover.innerText();
  assert.match(text, /@task\(retries=2\)\s*def parse\(line: str\)/);
  assert.match(text, /Read one order\./);
  assert.match(text, /\d tests: \d direct, \d indirect/);
  assert.match(text, /tests\/test_orders\.py::test_\w+/);
});

step("the implementations of a flow are its tests", async (window) => {
  await window.goTo("def sum_up");
  await window.page.keyboard.press("Home");
  for (let words = 0; words < 2; words += 1) await window.page.keyboard.press("Control+ArrowRight");
  await window.command("Peek Implementations");
  const peek = window.page.locator(".peekview-widget");
  await peek.locator(".ref-tree").getByText("test_orders.py").first().waitFor();
  await window.page.keyboard.press("Escape");
  await peek.waitFor({ state: "detached" });
});

step("flows and tasks are found by name", async (window) => {
  await window.page.keyboard.press("Control+T");
  await window.page.locator(".quick-input-widget input[type=text]").fill("#ordfl");
  await window.page.locator(".quick-input-list .monaco-list-row", { hasText: "orders_flow" }).first().waitFor();
  await window.page.keyboard.press("Enter");
  await window.page.locator(".statusbar-item", { hasText: /Ln 31, Col 5/ }).waitFor();
});

step("the calls of a flow are followed, and its tests call it", async (window) => {
  await window.command("Peek Call Hierarchy");
  const peek = window.page.locator(".call-hierarchy");
  await peek.locator(".monaco-list-row", { hasText: "test_" }).first().waitFor();
  await window.page.keyboard.press("Escape");
});
