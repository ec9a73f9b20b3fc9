// The project that a scenario opens: a copy of the example, or files given in place.

import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { given } from "./codeServer.ts";

const EXAMPLE = path.resolve(import.meta.dirname, "..", "..", "workspaces", "orders");

export interface Project {
  folder: string;
  remove(): Promise<void>;
}

/** Returns a copy of the example project, named as such. Its `.venv` is a link to an environment with Prefect. */
export async function exampleProject(files: Record<string, string> = {}, options: { venv?: boolean } = {}): Promise<Project> {
  const place = await realpath(await mkdtemp(path.join(tmpdir(), "prefect-lens-project-")));
  const folder = path.join(place, "orders");
  await cp(EXAMPLE, folder, { recursive: true, filter: (file) => !/__pycache__|\.pytest_cache|\.venv/.test(file) });
  if (options.venv ?? true) await symlink(path.resolve(given("PREFECT_LENS_TEST_PYTHON"), "..", ".."), path.join(folder, ".venv"));
  await write(folder, files);
  return { folder, remove: () => rm(place, { recursive: true, force: true, maxRetries: 5 }) };
}

export async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
