// What code tells beside its lenses. Ways through a project: what a cursor tells, the tests of a flow, flows and tasks by
// name, who calls whom. States: retries, a failure that a test passed over, one of an upstream task.
// The code's blanks are no-break spaces where the editor draws them: `\s` in patterns.

import assert from "node:assert/strict";
import { exampleProject } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const FILES = {
  "flows/shop.py": `from prefect import flow, task

asked = []


@task(retries=4)
def fetch(page):
    asked.append(page)
    if len(asked) < 3:
        raise ConnectionError("the warehouse is away")
    return page


@flow
def retried():
    return fetch(1)


@task
def convert(text):
    return int(text)


@flow
def swallowed():
    convert("no number", return_state=True)
    return "done"


@task
def price(text):
    return float(text)


@task
def add_tax(amount):
    return amount * 1.2


@flow
def upstream():
    amount = price.submit("no price")
    return add_tax.submit(amount).result()
`,
  "tests/test_shop.py": `from flows.shop import retried, swallowed, upstream


def test_retried():
    assert retried() == 1


def test_swallowed():
    assert swallowed() == "done"


def test_upstream():
    assert upstream() == 12
`,
};

const { step } = scenario({ project: () => exampleProject(FILES), file: "flows/orders.py", keepsReady: false });

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

step("a task that came through is told at the line that raised, and what became of it beside its call", async (window) => {
  await window.openFile("flows/shop.py");
  await window.run("def retried", /✓ 1 passed/);
  await window.page.locator(".view-line", { hasText: /fetch\(1\).*✓\sCompleted,\sattempt\s3/ }).waitFor();
  await window.page.locator(".view-line", { hasText: /retried\(\):.*✓\sCompleted/ }).waitFor();
  const hover = await window.hover("raise ConnectionError", "ConnectionError", "Task 'fetch' Completed on attempt 3 of 5");
  assert.match(await hover.innerText(), /after: ConnectionError: the warehouse is away/);
  await window.evidence("states retries");
});

step("a failure that a test passed over is a hint at its line, which can be marked as expected", async (window) => {
  await window.run("def swallowed", /✓ 1 passed/);
  // A hint is three dots below the beginning of its place, and there alone it is told.
  const hover = await window.hover("return int(text)", "int", "Task 'convert' Failed");
  assert.match(await hover.innerText(), /in flow 'swallowed' \(Completed\), by tests\/test_shop\.py::test_swallowed, which passed/);
  await window.page.locator(".cdr.squiggly-hint").waitFor();
  const titles = ["Run test_swallowed again", "Debug test_swallowed", "Open the traceback of test_swallowed", "Copy what it says"];
  const menu = await window.actions("return int(text)", "int", ...titles);
  await window.evidence("states swallowed");
  await menu.filter({ hasText: "Mark Failed as expected" }).first().click();
  await window.waitForLens("def swallowed", /○ 1 passed, before the last edit/);
});

step("with the mark the failure is an expected one, and is told no longer", async (window) => {
  await window.openFile("tests/test_shop.py");
  await window.page.locator(".view-line", { hasText: /@pytest\.mark\.prefect\(expect_state="Failed"\)/ }).waitFor();
  await window.save();
  await window.evidence("states expected");
  await window.openFile("flows/shop.py");
  await window.waitForLens("def swallowed", /○ 1 passed, before the last edit/);
  await window.clickLens("def swallowed", "▶ Run");
  await window.waitForRun("def swallowed", /✓ 1 passed/);
  // The three dots of a hint have gone; the blue wave of the retries is still there.
  await window.page.locator(".cdr.squiggly-hint").waitFor({ state: "detached" });
  await window.page.locator(".cdr.squiggly-info").waitFor();
});

step("an upstream failure stands at the task that failed, and not at the one that never began", async (window) => {
  await window.run("def upstream", /✗ 1 failed/);
  await window.page.locator(".view-line", { hasText: /price\.submit\("no\sprice"\).*✗\sFailed/ }).waitFor();
  const rows = await window.problems();
  const problem = rows.filter({ hasText: "Task 'price' Failed: ValueError" }).first();
  await problem.waitFor();
  assert.equal(await rows.filter({ hasText: /Task 'add_tax'|UnfinishedRun|before the last edit/ }).count(), 0);
  await window.evidence("states upstream");
});
