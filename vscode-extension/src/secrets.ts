// Secrets that a person gave, in VS Code's own storage for them. Each belongs to the folder that asked for it.

import * as vscode from "vscode";
import type { SecretWanted } from "./protocol.ts";

const NAMES = "prefectLens.secrets";

/** What is kept of a folder by name; the storage itself does not tell its keys. */
type Names = Readonly<Record<string, readonly string[]>>;

export class Secrets {
  readonly #storage: vscode.SecretStorage;
  readonly #state: vscode.Memento;

  constructor({ secrets, globalState }: vscode.ExtensionContext) {
    this.#storage = secrets;
    this.#state = globalState;
  }

  /** Gives a secret, and asks for it where it is not kept; null where the person does not give it. */
  async get({ folder, what }: SecretWanted): Promise<string | null> {
    const kept = await this.#storage.get(key(folder, what));
    if (kept !== undefined) return kept;
    const name = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(folder))?.name ?? folder;
    const given = await vscode.window.showInputBox({
      title: `Prefect Lens: ${what}`,
      prompt: `The tests of ${name} need it. VS Code keeps it in its secret storage, for this folder.`,
      password: true,
      ignoreFocusOut: true,
    });
    if (given === undefined || given === "") return null;
    await this.keep({ folder, what }, given);
    return given;
  }

  async keep({ folder, what }: SecretWanted, value: string): Promise<void> {
    await this.#storage.store(key(folder, what), value);
    const names = this.#names();
    await this.#state.update(NAMES, { ...names, [folder]: [...new Set([...(names[folder] ?? []), what])] });
  }

  /** Forgets the secrets of some folders, and tells their names. */
  async forget(folders: readonly string[]): Promise<readonly string[]> {
    const names = this.#names();
    const gone = folders.flatMap((folder) => (names[folder] ?? []).map((what) => ({ folder, what })));
    await Promise.all(gone.map(({ folder, what }) => this.#storage.delete(key(folder, what))));
    await this.#state.update(NAMES, Object.fromEntries(Object.entries(names).filter(([folder]) => !folders.includes(folder))));
    return gone.map(({ what }) => what);
  }

  #names(): Names {
    return this.#state.get<Names>(NAMES, {});
  }
}

function key(folder: string, what: string): string {
  return `prefectLens.secret ${JSON.stringify([folder, what])}`;
}
