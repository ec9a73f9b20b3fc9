// Attaches VS Code's debugger to a worker that waits for it. Where to attach is all that a debug session is told: the
// run's variables go from the server to the worker by themselves.

import { existsSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import type { DebuggerWanted } from "./protocol.ts";

/** Microsoft's debugger for Python, which brings debugpy along. */
const EXTENSION = "ms-python.debugpy";
const TYPE = "debugpy";

export class Debugging implements vscode.Disposable {
  /** By run: the breakpoints that were set for it alone. */
  readonly #lent = new Map<string, readonly vscode.Breakpoint[]>();
  readonly #subscriptions: readonly vscode.Disposable[];

  /** `stop` ends a run whose debug session a person has ended. */
  constructor(stop: (run: string) => unknown) {
    this.#subscriptions = [
      vscode.debug.registerDebugAdapterTrackerFactory(TYPE, {
        createDebugAdapterTracker: ({ configuration }) => {
          const run = runOf(configuration);
          if (run === undefined) return undefined;
          let ended = false;
          return {
            onDidSendMessage: ({ type, event }: Message) => {
              ended ||= type === "event" && (event === "terminated" || event === "exited");
            },
            onWillReceiveMessage: ({ command }: Message) => {
              if (!ended && (command === "disconnect" || command === "terminate")) stop(run);
            },
          };
        },
      }),
      vscode.debug.onDidTerminateDebugSession(({ configuration }) => {
        const run = runOf(configuration);
        if (run === undefined) return;
        vscode.debug.removeBreakpoints(this.#lent.get(run) ?? []);
        this.#lent.delete(run);
      }),
    ];
  }

  /** The folder that debugpy is in, for interpreters that have none of their own; else an empty string. */
  get debugpy(): string {
    const extension = vscode.extensions.getExtension(EXTENSION);
    const folder = extension && path.join(extension.extensionPath, "bundled", "libs");
    return folder !== undefined && existsSync(path.join(folder, "debugpy")) ? folder : "";
  }

  /** Whether VS Code can debug Python; where it cannot, the person is told what it lacks. */
  isPossible(): boolean {
    if (vscode.extensions.getExtension(EXTENSION) !== undefined) return true;
    void tellAbsence();
    return false;
  }

  /** Attaches to a worker; false where that failed, which VS Code has told then. */
  async attach(wanted: DebuggerWanted): Promise<boolean> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(wanted.folder));
    if (wanted.stopAt !== undefined) this.#stopAt(wanted.run, wanted.stopAt);
    return vscode.debug.startDebugging(folder, {
      subProcess: false, // a child that no debugger comes to would wait for one
      ...preferences(folder),
      type: TYPE,
      request: "attach",
      name: `Prefect Lens: ${wanted.title}`,
      connect: { host: wanted.host, port: wanted.port },
      prefectLensRun: wanted.run,
    });
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  /** Sets a breakpoint for a run alone, where there is none. */
  #stopAt(run: string, { uri, line }: { uri: string; line: number }): void {
    const place = new vscode.Location(vscode.Uri.parse(uri), new vscode.Position(line, 0));
    const known = vscode.debug.breakpoints.some(
      (one) =>
        one instanceof vscode.SourceBreakpoint &&
        one.location.uri.toString() === place.uri.toString() &&
        one.location.range.start.line === line,
    );
    if (known) return;
    const breakpoint = new vscode.SourceBreakpoint(place);
    vscode.debug.addBreakpoints([breakpoint]);
    this.#lent.set(run, [...(this.#lent.get(run) ?? []), breakpoint]);
  }
}

/** The part of a message of the Debug Adapter Protocol that we look at. */
interface Message {
  type?: string;
  event?: string;
  command?: string;
}

function runOf(configuration: vscode.DebugConfiguration): string | undefined {
  const run: unknown = configuration["prefectLensRun"];
  return typeof run === "string" ? run : undefined;
}

/** What a launch configuration for tests, as the Python extension knows them, says of how to debug. */
function preferences(folder: vscode.WorkspaceFolder | undefined): object {
  const configurations = vscode.workspace.getConfiguration("launch", folder).get<readonly vscode.DebugConfiguration[]>("configurations", []);
  const own = configurations.find(({ purpose }) => Array.isArray(purpose) && purpose.includes("debug-test"));
  const kept = ["justMyCode", "showReturnValue", "django", "jinja", "subProcess", "rules"];
  return Object.fromEntries(Object.entries(own ?? {}).filter(([name]) => kept.includes(name)));
}

async function tellAbsence(): Promise<void> {
  const show = "Show the Extension";
  const text = "Prefect Lens: To debug, VS Code needs the Python Debugger extension, which is not installed or not enabled.";
  if ((await vscode.window.showWarningMessage(text, show)) === show) {
    await vscode.commands.executeCommand("workbench.extensions.search", `@id:${EXTENSION}`);
  }
}
