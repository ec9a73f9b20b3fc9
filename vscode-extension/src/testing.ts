// Flows and tasks in VS Code's Testing view. The tests themselves are the Python extension's to list; an item here is a
// definition, its result that of the tests which exercise it. Where a test failed is told by diagnostics alone, so
// messages carry no location.

import * as vscode from "vscode";
import { SERVER } from "./protocol.ts";
import type { CaseResult, DefinitionEntry, DefinitionResult, Definitions, RunArguments, RunProgress } from "./protocol.ts";
import type { Server } from "./server.ts";

export interface TestingView extends vscode.Disposable {
  definitions(definitions: Definitions): void;
  run(progress: RunProgress): void;
  /** The server is gone: no run goes on, and what was listed is listed anew by the next one. */
  reset(): void;
}

/** The items: files, and in each its definitions, whose identifiers are their entrypoints. */
interface Tree {
  controller: vscode.TestController;
  /** The workspace folder, an address, of a file's item. */
  folderOf: WeakMap<vscode.TestItem, string>;
}

export function createTestingView(server: () => Server): TestingView {
  const controller = vscode.tests.createTestController("prefectLens", "Prefect Lens");
  const tree: Tree = { controller, folderOf: new WeakMap() };
  const runs = new Map<string, vscode.TestRun>();
  /** Requests of the view for which the server has not told of a run yet. */
  const asked = new Set<{ request: vscode.TestRunRequest; folder: string; targets: ReadonlySet<string> }>();

  const execute = (command: string) => async (request: vscode.TestRunRequest, token: vscode.CancellationToken) => {
    if (request.continuous) return runOnSave(request, token);
    for (const [folder, targets] of targetsOf(tree, request)) {
      const entry = { request, folder, targets: new Set(targets) };
      asked.add(entry);
      try {
        const args: RunArguments = { folder, scope: "targets", targets };
        await server().execute(command, args, token);
      } finally {
        asked.delete(entry);
      }
    }
  };
  /** Has each save run what it affects, until the person turns it off. The runs are told as any others. */
  const runOnSave = async (request: vscode.TestRunRequest, token: vscode.CancellationToken) => {
    const chosen = request.include === undefined ? undefined : targetsOf(tree, request);
    const folders = [...(chosen?.keys() ?? vscode.workspace.workspaceFolders?.map(({ uri }) => uri.toString()) ?? [])];
    const turn = (on: boolean) =>
      Promise.all(folders.map((folder) => server().execute(SERVER.runOnSave, { folder, on, targets: chosen?.get(folder) })));
    token.onCancellationRequested(() => turn(false));
    await turn(true);
  };
  controller.createRunProfile("Run", vscode.TestRunProfileKind.Run, execute(SERVER.run), true, undefined, true);
  controller.createRunProfile("Debug", vscode.TestRunProfileKind.Debug, execute(SERVER.debug), true);

  const begin = (progress: RunProgress): vscode.TestRun => {
    const targets = progress.definitions.map(({ entrypoint }) => entrypoint);
    const own = [...asked].find((entry) => entry.folder === progress.folder && sameSet(entry.targets, targets));
    if (own !== undefined) asked.delete(own);
    const items = targets.map((target) => find(tree, progress.folder, target)).filter((item) => item !== undefined);
    const run = controller.createTestRun(own?.request ?? new vscode.TestRunRequest(items), progress.title);
    run.token.onCancellationRequested(() => server().execute(SERVER.cancel, { run: progress.run }));
    runs.set(progress.run, run);
    return run;
  };

  return {
    definitions: ({ folder, definitions }) => list(tree, folder, definitions),
    run: (progress) => {
      const run = runs.get(progress.run) ?? begin(progress);
      const states = progress.definitions.flatMap((result) => {
        const item = find(tree, progress.folder, result.entrypoint);
        return item === undefined ? [] : [{ item, result }];
      });
      for (const { item, result } of states) show(run, item, result);
      for (const ended of progress.cases) run.appendOutput(outputOf(ended));
      if (progress.phase === "ended") {
        run.end();
        runs.delete(progress.run);
      }
    },
    reset: () => {
      for (const run of runs.values()) run.end();
      runs.clear();
      controller.items.replace([]);
    },
    dispose: () => controller.dispose(),
  };
}

/** Replaces a folder's part of the tree. Definitions that no test exercises are left out: there is nothing to run. */
function list(tree: Tree, folder: string, definitions: readonly DefinitionEntry[]): void {
  const files = new Map<string, DefinitionEntry[]>();
  for (const definition of definitions) {
    if (definition.tests === 0) continue;
    const id = fileId(folder, definition.entrypoint);
    files.set(id, [...(files.get(id) ?? []), definition]);
  }
  for (const [id, item] of tree.controller.items) {
    if (tree.folderOf.get(item) === folder && !files.has(id)) tree.controller.items.delete(id);
  }
  for (const [id, entries] of files) {
    const uri = vscode.Uri.parse(entries[0]?.uri ?? "");
    const item = tree.controller.items.get(id) ?? tree.controller.createTestItem(id, vscode.workspace.asRelativePath(uri), uri);
    tree.folderOf.set(item, folder);
    const known = new Set(entries.map(({ entrypoint }) => entrypoint));
    for (const [child] of item.children) if (!known.has(child)) item.children.delete(child);
    for (const entry of entries) item.children.add(itemOf(tree, item, entry, uri));
    tree.controller.items.add(item);
  }
}

function itemOf(tree: Tree, file: vscode.TestItem, entry: DefinitionEntry, uri: vscode.Uri): vscode.TestItem {
  const { entrypoint, tests, range } = entry;
  // No description: VS Code would have a screen reader say that instead of the name.
  const label = `${nameIn(entrypoint)} · ${tests === 1 ? "1 test" : `${tests} tests`}`;
  const item = file.children.get(entrypoint) ?? tree.controller.createTestItem(entrypoint, label, uri);
  item.label = label;
  item.range = new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
  item.sortText = String(range.start.line).padStart(8, "0");
  return item;
}

function show(run: vscode.TestRun, item: vscode.TestItem, { state, seconds, messages }: DefinitionResult): void {
  const milliseconds = typeof seconds === "number" ? seconds * 1000 : undefined;
  const texts = (messages ?? []).map((message) => new vscode.TestMessage(message));
  switch (state) {
    case "queued":
      return run.enqueued(item);
    case "running":
      return run.started(item);
    case "passed":
      return run.passed(item, milliseconds);
    case "failed":
      return withoutPlace(run, item, () => run.failed(item, texts, milliseconds));
    case "errored":
      return withoutPlace(run, item, () => run.errored(item, texts, milliseconds));
    case "skipped":
      return run.skipped(item);
  }
}

/**
 * Tells a failure whose messages have no place. VS Code gives a message without one that of its item, and would write it
 * into the code beside our diagnostic; so the item has none for this moment, after the run has come to know it with its own.
 */
function withoutPlace(run: vscode.TestRun, item: vscode.TestItem, tell: () => void): void {
  run.started(item);
  const { range } = item;
  item.range = undefined;
  tell();
  item.range = range;
}

/** What a case wrote, below a line that names it. The view is a terminal, so lines end with CR and LF. */
function outputOf({ node_id, outcome, seconds, output }: CaseResult): string {
  const head = `${node_id}  ${outcome}  ${seconds.toFixed(2)} s`;
  const text = output === "" ? head : `${head}\n${output.replace(/\n$/, "")}\n`;
  return `${text}\n`.replace(/\r?\n/g, "\r\n");
}

/** The definitions that a request means, by workspace folder. */
function targetsOf(tree: Tree, request: vscode.TestRunRequest): Map<string, string[]> {
  const chosen = request.include ?? [...tree.controller.items].map(([, item]) => item);
  const excluded = new Set((request.exclude ?? []).flatMap(leaves));
  const targets = new Map<string, string[]>();
  for (const item of chosen.flatMap(leaves)) {
    const folder = item.parent && tree.folderOf.get(item.parent);
    if (folder === undefined || excluded.has(item)) continue;
    targets.set(folder, [...(targets.get(folder) ?? []), item.id]);
  }
  return targets;
}

function find(tree: Tree, folder: string, entrypoint: string): vscode.TestItem | undefined {
  return tree.controller.items.get(fileId(folder, entrypoint))?.children.get(entrypoint);
}

function leaves(item: vscode.TestItem): vscode.TestItem[] {
  return item.parent === undefined ? [...item.children].map(([, child]) => child) : [item];
}

const fileId = (folder: string, entrypoint: string) => `${folder} ${entrypoint.slice(0, entrypoint.lastIndexOf(":"))}`;
const nameIn = (entrypoint: string) => entrypoint.slice(entrypoint.lastIndexOf(":") + 1);

function sameSet(one: ReadonlySet<string>, other: readonly string[]): boolean {
  return one.size === new Set(other).size && other.every((entry) => one.has(entry));
}
