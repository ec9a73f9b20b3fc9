// Prefect Lens in VS Code: starts the language server and gives what it tells a place. What other editors would miss
// does not belong here, but into the server.

import * as vscode from "vscode";
import { registerCommands } from "./commands.ts";
import { createTextDocuments } from "./documents.ts";
import { watchPythonExtension } from "./pythonExtension.ts";
import { Secrets } from "./secrets.ts";
import { Server } from "./server.ts";
import { createStatusBar } from "./statusBar.ts";
import { createTestingView } from "./testing.ts";

let running: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Prefect Lens");
  const python = watchPythonExtension(output);
  const status = createStatusBar();
  const documents = createTextDocuments();
  const testing = createTestingView(() => server);
  const setContext = (key: string, value: boolean) => void vscode.commands.executeCommand("setContext", `prefectLens.${key}`, value);

  const secrets = new Secrets(context);
  const server = new Server(context, output, python, secrets, {
    state: (state) => {
      status.server(state);
      if (state.name !== "running") testing.reset();
    },
    status: (changed) => {
      status.status(changed);
      setContext("active", changed.state !== "noPrefect");
    },
    definitions: (definitions) => testing.definitions(definitions),
    run: (progress) => {
      testing.run(progress);
      if (progress.phase === "ended") setContext("hasRun", true);
    },
    // Beside the code, which keeps the focus: a document can be searched, copied from and read by a screen reader.
    showOutput: ({ title, text }) => {
      const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      void documents.show(title.replaceAll("/", "\u2215"), text, where);
    },
  });
  running = server;

  context.subscriptions.push(
    output,
    python,
    status,
    documents,
    testing,
    registerCommands({ context, server, status, output, documents, secrets }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.trustGranted()),
    python.onDidChange(() => server.settingsChanged()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("prefectLens.serverInterpreter")) void server.restart();
    }),
  );
  await server.start();
  if (server.state.name === "noInterpreter") void server.tellState();
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}
