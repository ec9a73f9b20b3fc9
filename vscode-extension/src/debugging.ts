// Debugging a test: the server says what is to be started, Microsoft's Python debugger starts it.

import * as vscode from "vscode";
import type { DebugConfiguration } from "./protocol.ts";

const DEBUGGER = "ms-python.debugpy";

export async function debug(folder: string, configuration: DebugConfiguration): Promise<void> {
  if (vscode.extensions.getExtension(DEBUGGER) === undefined) {
    const find = "Find It";
    const text = "Prefect Lens: debugging needs Microsoft's Python Debugger extension, which is not installed or not enabled here.";
    if ((await vscode.window.showInformationMessage(text, find)) === find) {
      await vscode.commands.executeCommand("workbench.extensions.search", `@id:${DEBUGGER}`);
    }
    return;
  }
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(folder)), configuration);
}
