// A folder that nobody has trusted: its lenses are drawn, and no program of it is started.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { given } from "./lib/codeServer.ts";
import { exampleProject, write } from "./lib/project.ts";
import { scenario } from "./lib/scenario.ts";

const environment = path.resolve(given("PREFECT_LENS_TEST_PYTHON"), "..", "..");
/** Where a trap writes what it was started with. */
const marks = (folder: string) => path.join(folder, "..", "marks");

/** The example with an environment whose every program leaves a mark, and with settings that name it. */
async function trappedProject() {
  const project = await exampleProject({}, { venv: false });
  const venv = path.join(project.folder, ".venv");
  await mkdir(path.join(venv, "bin"), { recursive: true });
  await cp(path.join(environment, "pyvenv.cfg"), path.join(venv, "pyvenv.cfg"));
  await symlink(path.join(environment, "lib"), path.join(venv, "lib"));
  for (const name of ["python", "python3", "python3.11", "python3.12", "python3.13", "python3.14", "pytest", "prefect", "git", "uv"]) {
    const trap = path.join(venv, "bin", name);
    const target = name.startsWith("python") ? given("PREFECT_LENS_TEST_PYTHON") : "/bin/false";
    await writeFile(trap, `#!/bin/sh\necho "${name} $*" >> "${marks(project.folder)}"\nexec "${target}" "$@"\n`);
    await chmod(trap, 0o755);
  }
  const program = "${workspaceFolder}/.venv/bin/python";
  await write(project.folder, {
    ".vscode/settings.json": JSON.stringify({ "prefectLens.serverInterpreter": program, "prefectLens.interpreter": program }),
    "sitecustomize.py": `open(${JSON.stringify(marks(project.folder))}, "a").write("sitecustomize\\n")\n`,
  });
  return project;
}

const project = await trappedProject();
const PATH = `${path.join(project.folder, ".venv", "bin")}:${process.env["PATH"] ?? ""}`;
const { step } = scenario({ asksForTrust: true, sharesImports: true, file: "flows/orders.py", project: async () => project, env: { PATH } });

step("the lenses are there, and offer to trust", async (window) => {
  await window.waitForLens("def orders_flow", /^▶ Trust to run \d tests$/);
  await window.waitForLens("def archive", /^▶ Trust to run 1 test$/);
  await window.status.filter({ hasText: "not trusted" }).waitFor();
});

step("what would run something is refused", async (window) => {
  await window.command("Prefect Lens: Run All Tests");
  await window.page.locator(".workspace-trust-editor").waitFor();
  await window.closeModal();
});

step("no program of the folder was started", async () => {
  assert.equal(existsSync(marks(project.folder)), false, "a trap was sprung");
});

step("once it is trusted, its own interpreter runs the tests", async (window) => {
  for (const toast of await window.toasts.all()) await toast.locator(".codicon-notifications-clear").click({ force: true });
  await window.clickLens("def archive", "▶ Trust");
  await window.trust();
  await window.waitForLens("def archive", /^▶ Run 1 test Debug$/);
  await window.run("def archive", /✓ 1 passed/);
  assert.match(await readFile(marks(project.folder), "utf8"), /^python/m);
});
