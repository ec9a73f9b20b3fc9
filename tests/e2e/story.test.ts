// The user's story: lenses, trust, a click, the failed state at its line, the fix.

import assert from "node:assert/strict";
import { scenario } from "./lib/scenario.ts";

const { step } = scenario({ asksForTrust: true, file: "flows/orders.py" });

step("lenses stand above every flow and task before anything is trusted", async (window) => {
  await window.waitForLens("def orders_flow", /^▶ Trust to run \d tests$/);
  const above = (await window.lenses()).map(({ line }) => /def (\w+)/.exec(line)?.[1]);
  assert.deepEqual(above, ["parse", "sum_up", "archive", "orders_flow"]);
});

step("the lens asks for trust, and then offers to run", async (window) => {
  await window.clickLens("def orders_flow", "▶ Trust");
  await window.trust();
  await window.waitForFile("orders.py");
  await window.waitForLens("def orders_flow", /^▶ Run \d tests Debug$/);
  assert.match(await window.status.innerText(), /Prefect Lens ✓ 3\.\d+\.\d+ · \.venv/);
});

step("a click runs the tests, and the lens tells how they ended", async (window) => {
  await window.run("def orders_flow", /✗ 1 failed · \d passed · [\d.]+ s/);
});

step("the failed state stands at the line that raised, with its whole story", async (window) => {
  await window.page.locator(".squiggly-error").first().waitFor();
  const rows = await window.problems();
  const problem = rows.filter({ hasText: "Task 'parse' Failed" }).first();
  await problem.waitFor();
  const text = await problem.innerText();
  assert.match(text, /Task 'parse' Failed \(attempt 3 of 3\): ValueError: could not convert string to float: '12,50'/);
  assert.match(text, /prefect-lens\s*\(?PL101/);
  assert.match(text, /\[Ln 12, Col \d+\]/);
  await rows.filter({ hasText: "called here, in flow 'orders'" }).first().waitFor();
  await rows.filter({ hasText: "called here, in the test" }).first().waitFor();
  const hover = await window.hover("return customer.strip()", "amount", "Task 'parse' Failed");
  assert.match(await hover.innerText(), /attempt 3 of 3[^]*in flow 'orders', by tests\/test_orders\.py::test_amounts\[comma\]/);
  assert.match((await hover.locator("a", { hasText: "PL101" }).getAttribute("href")) ?? "", /docs\.prefect\.io/);
});

step("the second lens goes to the failure", async (window) => {
  await window.closePanel();
  await window.goTo("def archive");
  await window.clickLens("def orders_flow", "✗ 1 failed");
  await window.page.locator(".statusbar-item", { hasText: /Ln 12, Col/ }).waitFor();
});

step("the Testing view has the same result, with the output of each case and no repetition in the code", async (window) => {
  const rows = await window.openTesting("flows/orders.py");
  const row = rows.filter({ hasText: "orders_flow" }).first();
  assert.match((await row.getAttribute("aria-label")) ?? "", /orders_flow · 3 tests \(Failed\)/);
  await window.command("Test Results: Focus on Test Results View");
  await window.page.locator(".test-output-peek, .part.panel").getByText("test_amounts[comma]").first().waitFor();
  assert.equal(await window.page.locator(".test-message-inline-content").count(), 0);
});

step("code that changed since makes the result an old one", async (window) => {
  await window.closePanel();
  await window.replaceLine("return customer.strip()", 'return customer.strip(), float(amount.replace(",", "."))');
  await window.waitForLens("def orders_flow", /○ 1 failed.*before the last edit/);
  await window.save();
});

step("the next click finds all well: the lens is green, the diagnostic gone", async (window) => {
  await window.run("def orders_flow", /✓ \d passed · [\d.]+ s/);
  await window.page.locator(".squiggly-error").waitFor({ state: "detached" });
  await (await window.problems()).filter({ hasText: "Failed" }).first().waitFor({ state: "detached" });
});

step("with continuous run on, a save runs what it affects", async (window) => {
  await window.closePanel();
  await window.command("Test: Start Continuous Run");
  await window.replaceLine("return customer.strip()", "return customer.strip(), float(amount)");
  await window.save();
  await window.waitForRun("def parse", /✗ 1 failed · \d passed/);
  await window.page.locator(".squiggly-error").first().waitFor();
  await window.evidence("a save has run");
  await window.command("Test: Stop Continuous Run");
});

step("nothing has popped up in all that time", async (window) => {
  assert.deepEqual(await window.messages(), []);
});
