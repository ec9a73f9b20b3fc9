// Two windows on one project: each has its own server, and neither disturbs the other.

import { scenario } from "./lib/scenario.ts";
import type { Window } from "./lib/window.ts";

const { step, another } = scenario({ file: "flows/orders.py", sharesImports: true });
let second: Window;

step("both windows run at once, and each tells its own result", async (first) => {
  second = await another({ file: "flows/rates.py" });
  await first.waitForLens("def archive", /^▶ Run 1 test Debug$/);
  await second.waitForLens("def rates_flow", /^▶ Run \d tests Debug$/);
  await Promise.all([first.run("def archive", /✓ 1 passed/), second.run("def rates_flow", /✓ \d passed/)]);
});

step("what one window types, the other sees once it is saved", async (first) => {
  await second.openFile("flows/retention.py");
  await second.waitForLens("def too_old", /^No tests$/);
  await first.openFile("tests/test_rates.py");
  await first.goTo("import pytest");
  await first.page.keyboard.insertText("\nfrom flows.retention import too_old\n\n\ndef test_new(day):\n    too_old.fn(day, day)\n");
  await first.save();
  await second.waitForLens("def too_old", /^▶ Run 1 test Debug$/);
});

step("closing one window leaves the other at work", async (first) => {
  await second.openFile("flows/orders.py");
  await second.waitForLens("def archive", /^▶ Run/);
  await first.close();
  await second.run("def archive", /✓ 1 passed/);
});
