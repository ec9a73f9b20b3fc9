// The status bar's item: what the server knows of the project, while one of the project's Python files is open.

import * as vscode from "vscode";
import type { FolderStatus, ProjectStatus, Status } from "./protocol.ts";
import type { ServerState } from "./server.ts";

export interface StatusBar extends vscode.Disposable {
  server(state: ServerState): void;
  status(status: Status): void;
  readonly current: Status | undefined;
}

export function createStatusBar(): StatusBar {
  const item = vscode.window.createStatusBarItem("prefectLens.status", vscode.StatusBarAlignment.Right, 101);
  item.name = "Prefect Lens";
  item.command = "prefectLens.showMenu";
  let state: ServerState = { name: "stopped" };
  let current: Status | undefined;

  const draw = () => {
    const shown = describe(state, current);
    const editor = vscode.window.activeTextEditor?.document;
    if (shown === undefined || editor?.languageId !== "python" || editor.uri.scheme !== "file") {
      item.hide();
      return;
    }
    item.text = `Prefect Lens ${shown.text}`;
    item.tooltip = shown.tooltip;
    item.accessibilityInformation = { label: `Prefect Lens: ${shown.spoken}`, role: "button" };
    item.backgroundColor = shown.warning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    item.show();
  };

  const subscription = vscode.window.onDidChangeActiveTextEditor(draw);
  return {
    get current() {
      return current;
    },
    server: (changed) => {
      state = changed;
      if (changed.name !== "running") current = undefined;
      draw();
    },
    status: (changed) => {
      current = changed;
      draw();
    },
    dispose: () => vscode.Disposable.from(item, subscription).dispose(),
  };
}

/** The project that a file belongs to: of those whose root lies above it, the nearest. */
export function projectOf(folders: readonly FolderStatus[], file: vscode.Uri): ProjectStatus | undefined {
  const folder = vscode.workspace.getWorkspaceFolder(file)?.uri.toString();
  const projects = folders.find((status) => vscode.Uri.parse(status.folder).toString() === folder)?.projects ?? [];
  const relative = vscode.workspace.asRelativePath(file, false);
  return projects
    .filter(({ root }) => root === "." || root === "" || relative.startsWith(`${root}/`))
    .sort((one, other) => other.root.length - one.root.length)[0];
}

interface Shown {
  text: string;
  spoken: string;
  tooltip: string;
  warning: boolean;
}

function describe(state: ServerState, status: Status | undefined): Shown | undefined {
  switch (state.name) {
    case "noInterpreter":
      return warning("⚠ needs Python 3.11", "There is no Python 3.11 or newer for the language server.");
    case "failed":
      return warning("⚠ does not run", state.reason);
    case "stopped":
    case "starting":
      return undefined;
    case "running":
      break;
  }
  if (status === undefined || status.state === "noPrefect") return undefined;
  if (status.state === "trouble") return warning(status.text, status.text);
  const tooltip = status.state === "untrusted" ? "Nothing of this folder runs before you trust it." : "Interpreter, versions, tests and more";
  return { text: status.text, spoken: status.text, tooltip, warning: false };
}

function warning(text: string, tooltip: string): Shown {
  return { text, spoken: tooltip, tooltip, warning: true };
}
