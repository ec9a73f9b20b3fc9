// Starts the language server and keeps it; everything that it says beyond the standard is handed to `Listeners`.

import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { CloseAction, ErrorCodes, ExecuteCommandRequest, LanguageClient, LSPErrorCodes, ResponseError, State } from "vscode-languageclient/node";
import type { CloseHandlerResult, ErrorHandler, LanguageClientOptions } from "vscode-languageclient/node";
import { findServerInterpreter } from "./interpreter.ts";
import type { Found, NotFound } from "./interpreter.ts";
import { Debugging } from "./debugging.ts";
import { LensCommands } from "./lensCommands.ts";
import * as protocol from "./protocol.ts";
import type { PythonExtension } from "./pythonExtension.ts";
import type { Secrets } from "./secrets.ts";

const QUIET_ERRORS: ReadonlySet<number> = new Set([
  LSPErrorCodes.RequestCancelled,
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
]);

/** What the server is, as a whole. */
export type ServerState =
  | { name: "stopped" }
  | { name: "starting" }
  | { name: "running"; interpreter: Found }
  | { name: "noInterpreter"; rejected: readonly string[] }
  | { name: "failed"; reason: string };

export interface Listeners {
  state(state: ServerState): void;
  status(status: protocol.Status): void;
  definitions(definitions: protocol.Definitions): void;
  run(progress: protocol.RunProgress): void;
  showOutput(shown: protocol.TextShown): void;
}

/** One language server for the window, whatever happens to its process. */
export class Server implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #output: vscode.OutputChannel;
  readonly #python: PythonExtension;
  readonly #secrets: Secrets;
  readonly #listeners: Listeners;
  readonly #debugging = new Debugging((run) => this.execute(protocol.SERVER.cancel, { run }));
  readonly #lensCommands = new LensCommands((command, args) => this.execute(command, args));
  #state: ServerState = { name: "stopped" };
  #client: LanguageClient | undefined;
  /** Starts and stops happen one after the other, in the order in which they were asked for. */
  #queue: Promise<void> = Promise.resolve();

  constructor(context: vscode.ExtensionContext, output: vscode.OutputChannel, python: PythonExtension, secrets: Secrets, listeners: Listeners) {
    this.#context = context;
    this.#output = output;
    this.#python = python;
    this.#secrets = secrets;
    this.#listeners = listeners;
  }

  get state(): ServerState {
    return this.#state;
  }

  start(): Promise<void> {
    return this.#enqueue(() => this.#start());
  }

  restart(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#enqueue(() => this.#stop());
  }

  dispose(): void {
    void this.stop();
    this.#lensCommands.dispose();
    this.#debugging.dispose();
  }

  /**
   * Has the server execute one of its commands. What goes wrong is told to the person, once, and then undefined is
   * returned; so it is where the request was cancelled.
   */
  async execute(command: string, args: object, token?: vscode.CancellationToken): Promise<unknown> {
    if (command === protocol.SERVER.debug && !this.#debugging.isPossible()) return undefined;
    await this.#queue;
    if (this.#client?.state !== State.Running) {
      void this.tellState();
      return undefined;
    }
    try {
      return await this.#client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [args] }, token);
    } catch (error) {
      // Cancelled, or the server's process ended: then the status says so, and the library starts another.
      if (error instanceof ResponseError && QUIET_ERRORS.has(error.code)) return undefined;
      void this.#tell(vscode.window.showErrorMessage, messageOf(error));
      return undefined;
    }
  }

  /** Tells that trust was granted; a server that could not start before may have an interpreter now. */
  async trustGranted(): Promise<void> {
    if (this.#client?.state === State.Running) await this.#client.sendNotification(protocol.TrustGranted, {});
    else await this.start();
  }

  /** Has the server read the settings again where something changed that VS Code does not tell about. */
  async settingsChanged(): Promise<void> {
    if (this.#client?.state !== State.Running) return;
    await this.#client.sendNotification("workspace/didChangeConfiguration", { settings: null });
  }

  /** Says in a message why there is no server, with what can be done. */
  async tellState(): Promise<void> {
    const state = this.#state;
    if (state.name === "noInterpreter") {
      const settings = "Open Settings";
      const trust = "Manage Trust";
      const buttons = vscode.workspace.isTrusted ? [settings, "Show Output"] : [settings, trust, "Show Output"];
      const configured = serverInterpreter() !== "";
      const text = configured
        ? `${state.rejected.join(" ")} Set prefectLens.serverInterpreter to a Python 3.11 or newer, or clear it.`
        : "Prefect Lens needs Python 3.11 or newer to run, and found none" +
          (vscode.workspace.isTrusted ? ". " : " outside of this folder, which is not trusted yet. ") +
          "Install one, or set prefectLens.serverInterpreter.";
      const choice = await vscode.window.showWarningMessage(text, ...buttons);
      if (choice === settings) await vscode.commands.executeCommand("workbench.action.openSettings", "prefectLens.serverInterpreter");
      if (choice === trust) await vscode.commands.executeCommand("workbench.trust.manage");
      if (choice === "Show Output") this.#output.show();
    } else if (state.name === "failed") {
      await this.#tell(vscode.window.showErrorMessage, `The language server does not run: ${state.reason}`);
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      this.#output.appendLine(messageOf(error));
      this.#become({ name: "failed", reason: messageOf(error) });
    });
    return this.#queue;
  }

  async #start(): Promise<void> {
    if (this.#client !== undefined) return;
    this.#become({ name: "starting" });
    const found = await this.#findInterpreter();
    if ("rejected" in found) {
      this.#output.appendLine(["No Python 3.11 or newer for the language server.", ...found.rejected].join("\n  "));
      this.#become({ name: "noInterpreter", rejected: found.rejected });
      return;
    }
    this.#output.appendLine(`Language server: Python ${found.version}, ${found.path} (${found.why})`);
    const client = this.#createClient(found);
    this.#client = client;
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) this.#become({ name: "running", interpreter: found });
      else if (newState === State.Starting) this.#become({ name: "starting" });
      else if (this.#state.name === "running") this.#become({ name: "stopped" });
    });
    client.onNotification(protocol.StatusChanged, (status) => this.#listeners.status(status));
    client.onNotification(protocol.DefinitionsChanged, (definitions) => this.#listeners.definitions(definitions));
    client.onNotification(protocol.RunsChanged, (progress) => this.#listeners.run(progress));
    client.onNotification(protocol.ShowOutput, (shown) => this.#listeners.showOutput(shown));
    client.onNotification(protocol.RequestTrust, () => vscode.commands.executeCommand("workbench.trust.manage"));
    client.onRequest(protocol.Secret, async (wanted) => (await this.#secrets.get(wanted)) ?? { value: null });
    client.onRequest(protocol.KeepSecret, async (wanted) => {
      await this.#secrets.keep(wanted, wanted.value);
      return { kept: true };
    });
    client.onRequest(protocol.Debug, async (wanted) => ({ attached: await this.#debugging.attach(wanted) }));
    client.onNotification(protocol.CopyText, async ({ text }) => {
      await vscode.env.clipboard.writeText(text);
      vscode.window.setStatusBarMessage("$(check) Copied", 3000);
    });
    try {
      await client.start();
    } catch (error) {
      this.#client = undefined;
      await client.dispose().catch(() => undefined);
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#become({ name: "stopped" });
    if (client === undefined) return;
    try {
      await client.dispose();
    } catch (error) {
      // A server that does not answer to the end is ended by the library all the same.
      this.#output.appendLine(messageOf(error));
    }
  }

  async #findInterpreter(): Promise<Found | NotFound> {
    const folders = workspaceFolders();
    await vscode.workspace.fs.createDirectory(this.#context.globalStorageUri);
    return findServerInterpreter({
      configured: serverInterpreter(),
      folders: folders.map((folder) => folder.uri.fsPath),
      trusted: vscode.workspace.isTrusted,
      chosen: folders.map((folder) => this.#python.interpreterFor(folder.uri)).filter((chosen) => chosen !== ""),
      env: process.env,
      home: os.homedir(),
      platform: process.platform,
      workingFolder: this.#context.globalStorageUri.fsPath,
    });
  }

  #createClient(interpreter: Found): LanguageClient {
    const storage = this.#context.globalStorageUri.fsPath;
    const script = this.#context.asAbsolutePath(path.join("bundled", "server.py"));
    // -I and -S: neither the environment, nor the working folder, nor what that Python has installed, has a say. What
    // Python compiles goes to our own storage, as an extension's folder may be read-only.
    const args = ["-I", "-S", "-X", `pycache_prefix=${path.join(storage, "pycache")}`, script];
    const options: LanguageClientOptions = {
      documentSelector: [
        { scheme: "file", language: "python" },
        { scheme: "file", pattern: "**/pyproject.toml" },
        { scheme: "file", pattern: "**/prefect.yaml" },
        { scheme: "file", pattern: "**/.env" },
        { scheme: "file", pattern: "**/*.ipynb" },
        { notebook: { scheme: "file", notebookType: "jupyter-notebook" }, language: "python" },
      ],
      outputChannel: this.#output,
      // Asked for at every start, a crashed server's next one too.
      initializationOptions: () => ({ trusted: vscode.workspace.isTrusted, notifications: protocol.HANDLED }),
      errorHandler: quietly(() => client),
      middleware: {
        executeCommand: (command, args) => this.execute(command, (args[0] ?? {}) as object),
        provideCodeLenses: async (document, token, next) =>
          (await next(document, token))?.map((lens) => this.#lensCommands.name(lens)),
        resolveCodeLens: async (unresolved, token, next) => {
          const lens = await next(unresolved, token);
          return lens && this.#lensCommands.name(lens);
        },
        workspace: {
          configuration: async (params, token, next) => {
            const sections = await next(params, token);
            if (!Array.isArray(sections)) return sections;
            return sections.map((values: unknown, index) => {
              const item = params.items[index];
              if (item?.section !== "prefectLens") return values;
              const resource = item.scopeUri === undefined ? workspaceFolders()[0]?.uri : vscode.Uri.parse(item.scopeUri);
              const ours = { pythonExtensionInterpreter: this.#python.interpreterFor(resource), debugpy: this.#debugging.debugpy };
              return { ...(values as object | null), ...ours };
            });
          },
        },
      },
    };
    const client: LanguageClient = new LanguageClient(
      "prefectLens",
      "Prefect Lens",
      { command: interpreter.path, args, options: { cwd: storage, env: withoutEditor(process.env) } },
      options,
    );
    return client;
  }

  #become(state: ServerState): void {
    this.#state = state;
    this.#listeners.state(state);
  }

  async #tell(show: (text: string, ...buttons: string[]) => Thenable<string | undefined>, text: string): Promise<void> {
    if ((await show(`Prefect Lens: ${text}`, "Show Output")) !== undefined) this.#output.show();
  }
}

/** The library's own judgement on when to start a crashed server again, told by the status bar instead of messages. */
function quietly(client: () => LanguageClient): ErrorHandler {
  let judge: ErrorHandler | undefined;
  const library = () => (judge ??= client().createDefaultErrorHandler(3));
  return {
    error: async (error, message, count) => ({ ...(await library().error(error, message, count)), handled: true }),
    closed: async (): Promise<CloseHandlerResult> => {
      const answer = await library().closed();
      return { ...answer, handled: answer.action === CloseAction.Restart };
    },
  };
}

/**
 * The environment of the server, and so of the tests: what a terminal would have, without what the editor sets for
 * programs of its own.
 */
function withoutEditor(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|APPLICATION_INSIGHTS_)/.test(name));
  return Object.fromEntries(kept);
}

function serverInterpreter(): string {
  return vscode.workspace.getConfiguration("prefectLens").get<string>("serverInterpreter", "").trim();
}

function workspaceFolders(): readonly vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === "file");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
