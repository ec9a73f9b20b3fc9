// A name of its own for what each lens does.
//
// VS Code keeps the arguments of a lens's command only until the next list of lenses comes, and answers a click that
// falls in between with "Actual command not found". While tests run, lists come all the time. A command without
// arguments is called by its name, whenever that is; so each pair of command and arguments gets one.

import * as vscode from "vscode";

/** More than a screen shows, and than the runs of a day leave behind. */
const KEPT = 5000;

export class LensCommands implements vscode.Disposable {
  readonly #execute: (command: string, args: object) => unknown;
  /** By name, the one that was asked for last at the end. */
  readonly #registered = new Map<string, vscode.Disposable>();

  constructor(execute: (command: string, args: object) => unknown) {
    this.#execute = execute;
  }

  /** Has a lens call a command without arguments that does the same. */
  name<Lens extends vscode.CodeLens>(lens: Lens): Lens {
    if (lens.command?.arguments !== undefined) {
      const { arguments: args, ...shown } = lens.command;
      lens.command = { ...shown, command: this.#nameOf(shown.command, args) };
    }
    return lens;
  }

  dispose(): void {
    for (const registered of this.#registered.values()) registered.dispose();
    this.#registered.clear();
  }

  #nameOf(command: string, args: readonly unknown[]): string {
    const name = `${command} ${JSON.stringify(args)}`;
    const known = this.#registered.get(name);
    const run = () => this.#execute(command, (args[0] ?? {}) as object);
    this.#registered.delete(name);
    this.#registered.set(name, known ?? vscode.commands.registerCommand(name, run));
    for (const [oldest, registered] of this.#registered) {
      if (this.#registered.size <= KEPT) break;
      registered.dispose();
      this.#registered.delete(oldest);
    }
    return name;
  }
}
