// The lists that the status bar's item and the interpreter's command open.

import * as vscode from "vscode";
import { SERVER } from "./protocol.ts";
import type { ProjectStatus } from "./protocol.ts";
import type { Server } from "./server.ts";
import { projectOf } from "./statusBar.ts";
import type { StatusBar } from "./statusBar.ts";

interface Action extends vscode.QuickPickItem {
  run?: () => unknown;
}

/** What is known of the active file's project, and what can be done about it. */
export async function showMenu(server: Server, status: StatusBar): Promise<void> {
  if (server.state.name === "noInterpreter" || server.state.name === "failed") return server.tellState();
  const execute = (command: string) => () => vscode.commands.executeCommand(`prefectLens.${command}`);
  const project = projectHere(status);
  const running = status.current?.state === "running";
  const actions: Action[] = [];
  if (status.current?.state === "untrusted") {
    actions.push({ label: "$(shield) Trust This Folder…", detail: "Nothing of it runs before.", run: () => vscode.commands.executeCommand("workbench.trust.manage") });
  }
  if (project?.trouble) {
    actions.push({ label: "$(warning) What to Do", detail: project.trouble.what, run: () => server.execute(SERVER.showTrouble, folderHere()) });
  }
  actions.push(
    { label: "$(symbol-namespace) Interpreter", ...about(project), run: execute("selectInterpreter") },
    { label: "$(key) Environment", ...environmentOf(project), run: execute(project?.profiles.length ? "selectProfile" : "explainEnvironment") },
    { label: "$(versions) Versions", description: versions(project), run: execute("showEnvironment") },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
  );
  if (running) actions.push({ label: "$(debug-stop) Cancel Running Tests", description: status.current.text, run: execute("cancel") });
  actions.push(
    { label: "$(run-all) Run All Tests", run: execute("runAll") },
    { label: "$(refresh) Run the Failed Tests Again", run: execute("runFailed") },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(output) Show Output", run: execute("showOutput") },
    { label: "$(info) Show Environment Information", run: execute("showEnvironment") },
    { label: "$(debug-restart) Restart Server", run: execute("restartServer") },
  );
  const chosen = await vscode.window.showQuickPick(actions, { title: "Prefect Lens", matchOnDetail: true });
  await chosen?.run?.();
}

/** Says which interpreter runs the tests and why, and lets another be chosen for the folder. */
export async function selectInterpreter(status: StatusBar): Promise<void> {
  const folder = folderOf(vscode.window.activeTextEditor?.document.uri);
  const settings = vscode.workspace.getConfiguration("prefectLens", folder?.uri);
  const save = (value: string | undefined) => settings.update("interpreter", value);
  const project = projectHere(status);
  const actions: Action[] = [
    { label: "$(check) Now", ...about(project) },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(folder-opened) Choose a Program…", detail: "Writes prefectLens.interpreter for this workspace.", run: () => choose(folder?.uri, save) },
    { label: "$(search) Find One by Itself", detail: "Takes prefectLens.interpreter out: the Python extension's choice, .venv, venv, an active environment, python3.", run: () => save(undefined) },
    { label: "$(gear) Open the Setting", run: () => vscode.commands.executeCommand("workbench.action.openSettings", "prefectLens.interpreter") },
  ];
  const chosen = await vscode.window.showQuickPick(actions, { title: "The interpreter that runs this project's tests" });
  await chosen?.run?.();
}

/** Lets one of the project's environments be chosen for the folder, and says what is in it. */
export async function selectProfile(status: StatusBar): Promise<void> {
  const folder = folderOf(vscode.window.activeTextEditor?.document.uri);
  const settings = vscode.workspace.getConfiguration("prefectLens", folder?.uri);
  const project = projectHere(status);
  const current = project?.profile ?? null;
  const choice = (name: string | undefined, label: string): Action => ({
    label: `${current === (name ?? null) ? "$(check)" : "$(circle-large-outline)"} ${label}`,
    ...(name === undefined && { detail: "What [tool.prefect-lens.environment] says." }),
    run: () => settings.update("profile", name),
  });
  const actions: Action[] = [
    choice(undefined, "The Project's Own"),
    ...(project?.profiles ?? []).map((name) => choice(name, name)),
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(info) Explain Environment", run: () => vscode.commands.executeCommand("prefectLens.explainEnvironment") },
  ];
  const chosen = await vscode.window.showQuickPick(actions, { title: "The environment of this project's tests" });
  await chosen?.run?.();
}

async function choose(folder: vscode.Uri | undefined, save: (value: string) => Thenable<void>): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({
    title: "A Python with the project's Prefect and pytest",
    openLabel: "Use for Tests",
    ...(folder && { defaultUri: folder }),
  });
  const file = chosen?.[0]?.fsPath;
  if (file !== undefined) await save(file);
}

function about(project: ProjectStatus | undefined): { description: string; detail?: string } {
  if (!project?.interpreter) return { description: project?.trouble?.what ?? "none found yet" };
  return { description: project.interpreter, ...(project.why && { detail: project.why }) };
}

function environmentOf(project: ProjectStatus | undefined): { description: string } {
  return { description: project?.profile ?? "the project's own" };
}

function versions(project: ProjectStatus | undefined): string {
  const known = [
    ["Prefect", project?.prefect],
    ["pytest", project?.pytest],
    ["Python", project?.python],
  ].flatMap(([name, version]) => (version ? [`${name} ${version}`] : []));
  return known.join(" · ") || "not known yet";
}

function projectHere(status: StatusBar): ProjectStatus | undefined {
  const file = vscode.window.activeTextEditor?.document.uri;
  const folders = status.current?.folders ?? [];
  return (file && projectOf(folders, file)) ?? folders[0]?.projects[0];
}

function folderHere(): { folder?: string } {
  const folder = folderOf(vscode.window.activeTextEditor?.document.uri);
  return folder === undefined ? {} : { folder: folder.uri.toString() };
}

function folderOf(file: vscode.Uri | undefined): vscode.WorkspaceFolder | undefined {
  return (file && vscode.workspace.getWorkspaceFolder(file)) ?? vscode.workspace.workspaceFolders?.[0];
}
