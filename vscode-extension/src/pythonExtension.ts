// What Microsoft's Python extension has chosen for each folder, where that extension is installed.

import * as vscode from "vscode";

const ID = "ms-python.python";

/** The part of the extension's published interface that we use. */
interface Environments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
  resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
}

export interface PythonExtension extends vscode.Disposable {
  /** The interpreter's path, or an empty string while nothing is known. Never waits. */
  interpreterFor(resource: vscode.Uri | undefined): string;
  /** Fires when an answer of `interpreterFor` has changed. */
  readonly onDidChange: vscode.Event<void>;
}

/** Follows the extension's choice; it is started where that has not happened yet, and nobody waits for it. */
export function watchPythonExtension(output: vscode.OutputChannel): PythonExtension {
  const changed = new vscode.EventEmitter<void>();
  const subscriptions: vscode.Disposable[] = [changed];
  const chosen = new Map<string, string>();

  const read = async (environments: Environments) => {
    let difference = false;
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const key = folder.uri.toString();
      const interpreter = await interpreterOf(environments, folder.uri);
      difference ||= (chosen.get(key) ?? "") !== interpreter;
      chosen.set(key, interpreter);
    }
    if (difference) changed.fire();
  };

  const follow = async () => {
    const extension = vscode.extensions.getExtension<{ environments?: Environments }>(ID);
    if (extension === undefined) return;
    const environments = (await extension.activate()).environments;
    if (environments === undefined) return;
    const again = () => void read(environments).catch(report);
    subscriptions.push(environments.onDidChangeActiveEnvironmentPath(again), vscode.workspace.onDidChangeWorkspaceFolders(again));
    await read(environments);
  };

  const report = (error: unknown) => output.appendLine(`The Python extension's choice is not known: ${String(error)}`);
  void follow().catch(report);

  return {
    interpreterFor: (resource) => {
      const folder = resource && vscode.workspace.getWorkspaceFolder(resource);
      return (folder && chosen.get(folder.uri.toString())) ?? "";
    },
    onDidChange: changed.event,
    dispose: () => vscode.Disposable.from(...subscriptions).dispose(),
  };
}

async function interpreterOf(environments: Environments, folder: vscode.Uri): Promise<string> {
  const active = environments.getActiveEnvironmentPath(folder);
  const resolved = await environments.resolveEnvironment(active);
  return resolved?.executable.uri?.fsPath ?? "";
}
