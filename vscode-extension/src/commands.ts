// What the command palette offers. Each run is the server's `prefectLens.server.run`; here is only what to ask for, and
// what to say at the end where no lens in sight says it.

import * as vscode from "vscode";
import type { TextDocuments } from "./documents.ts";
import { selectInterpreter, selectProfile, showMenu } from "./menu.ts";
import { SERVER } from "./protocol.ts";
import type { RunArguments, RunSummary } from "./protocol.ts";
import type { Secrets } from "./secrets.ts";
import type { Server } from "./server.ts";
import type { StatusBar } from "./statusBar.ts";

export interface Parts {
  context: vscode.ExtensionContext;
  server: Server;
  status: StatusBar;
  output: vscode.OutputChannel;
  documents: TextDocuments;
  secrets: Secrets;
}

export function registerCommands(parts: Parts): vscode.Disposable {
  const { server, output, documents, status, secrets } = parts;
  const commands: Record<string, () => unknown> = {
    runFile: () => runFile(server),
    debugFile: () => runFile(server, SERVER.debug),
    runAll: () => runEverywhere(server, "all"),
    runLast: () => runEverywhere(server, "last"),
    runFailed: () => runEverywhere(server, "failed"),
    cancel: () => server.execute(SERVER.cancel, {}),
    clearResults: () => server.execute(SERVER.clearResults, {}),
    selectInterpreter: () => selectInterpreter(status),
    selectProfile: () => selectProfile(status),
    explainEnvironment: () => eachFolder((folder) => server.execute(SERVER.explainEnvironment, { folder })),
    checkEnvironment: () => eachFolder((folder) => server.execute(SERVER.explainEnvironment, { folder, what: "check" })),
    forgetSecrets: () => forgetSecrets(server, secrets),
    showMenu: () => showMenu(server, status),
    showOutput: () => output.show(),
    showEnvironment: async () => documents.show("Prefect Lens environment.md", await environment(parts)),
    restartServer: async () => {
      await server.restart();
      await server.tellState();
    },
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(`prefectLens.${name}`, run)),
  );
}

async function runFile(server: Server, command: string = SERVER.run): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined) return;
  await run(server, { scope: "file", uri: document.uri.toString() }, command);
}

async function runEverywhere(server: Server, scope: "all" | "last" | "failed"): Promise<void> {
  await eachFolder((folder) => run(server, { folder, scope }));
}

async function eachFolder(work: (folder: string) => Promise<unknown>): Promise<void> {
  await Promise.all(openFolders().map(work));
}

function openFolders(): readonly string[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.toString());
}

async function forgetSecrets(server: Server, secrets: Secrets): Promise<void> {
  const gone = await secrets.forget(openFolders());
  await server.execute(SERVER.forgetValues, {});
  const what = gone.length === 0 ? "This editor kept no secret of this workspace." : `Forgotten: ${gone.join(", ")}.`;
  void vscode.window.showInformationMessage(`Prefect Lens: ${what} What was fetched is fetched anew.`);
}

async function run(server: Server, args: RunArguments, command: string = SERVER.run): Promise<void> {
  const summary = (await server.execute(command, args)) as RunSummary | null | undefined;
  if (summary === null || summary === undefined) return;
  switch (summary.outcome) {
    case "nothing":
      void vscode.window.showInformationMessage(`Prefect Lens: ${summary.message}`);
      return;
    case "broken":
      return; // the server tells what to do
    case "passed":
    case "failed":
    case "cancelled":
      vscode.window.setStatusBarMessage(`Prefect Lens: ${summary.message}`, 8000);
  }
}

/** For a bug report: what we are and run on, then what the server says. No values of variables. */
async function environment({ context, server }: Parts): Promise<string> {
  const { version } = context.extension.packageJSON as { version: string };
  const { state } = server;
  const lines = [
    "# Prefect Lens",
    "",
    `- Prefect Lens ${version}`,
    `- ${vscode.env.appName} ${vscode.version}, ${process.platform} ${process.arch}${vscode.env.remoteName ? `, remote: ${vscode.env.remoteName}` : ""}`,
    `- workspace: ${vscode.workspace.isTrusted ? "trusted" : "not trusted"}, folders: ${vscode.workspace.workspaceFolders?.length ?? 0}`,
  ];
  if (state.name === "running") {
    const { path, version: python, why } = state.interpreter;
    lines.push(`- language server: Python ${python}, ${path} (${why})`, "");
    const told: unknown = await server.execute(SERVER.environmentInfo, {});
    if (typeof told === "string") lines.push(told);
  } else if (state.name === "noInterpreter") {
    lines.push("- language server: no Python 3.11 or newer", ...state.rejected.map((reason) => `  - ${reason}`));
  } else {
    lines.push(`- language server: ${state.name}${state.name === "failed" ? `, ${state.reason}` : ""}`);
  }
  return `${lines.join("\n")}\n`;
}
