// Secrets that a person gave, in VS Code's own storage for them. Each belongs to the folder that asked for it.

import * as vscode from "vscode";
import type { SecretWanted } from "./protocol.ts";

const NAMES = "prefectLens.secrets";
const TIMES = "prefectLens.secretTimes";

/** What is kept of a folder by name; the storage itself does not tell its keys. */
type Names = Readonly<Record<string, readonly string[]>>;

/** When each was given, by its key, in seconds since the epoch: `max_age` asks for it. */
type Times = Readonly<Record<string, number>>;

interface Given {
  readonly value: string;
  readonly since?: number;
}

export class Secrets {
  readonly #storage: vscode.SecretStorage;
  readonly #state: vscode.Memento;

  constructor({ secrets, globalState }: vscode.ExtensionContext) {
    this.#storage = secrets;
    this.#state = globalState;
  }

  /** Gives a secret, and asks for it where it is not kept; null where the person does not give it. */
  async get({ folder, what }: SecretWanted): Promise<Given | null> {
    const kept = await this.#storage.get(key(folder, what));
    const since = this.#times()[key(folder, what)];
    if (kept !== undefined) return { value: kept, ...(since === undefined ? {} : { since }) };
    const name = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(folder))?.name ?? folder;
    const given = await vscode.window.showInputBox({
      title: `Prefect Lens: ${what}`,
      prompt: `The tests of ${name} need it. VS Code keeps it in its secret storage, for this folder.`,
      password: true,
      ignoreFocusOut: true,
    });
    if (given === undefined || given === "") return null;
    await this.keep({ folder, what }, given);
    return { value: given };
  }

  async keep({ folder, what }: SecretWanted, value: string): Promise<void> {
    await this.#storage.store(key(folder, what), value);
    const names = this.#names();
    await this.#state.update(NAMES, { ...names, [folder]: [...new Set([...(names[folder] ?? []), what])] });
    await this.#state.update(TIMES, { ...this.#times(), [key(folder, what)]: Math.floor(Date.now() / 1000) });
  }

  /** Forgets the secrets of some folders, and tells their names. */
  async forget(folders: readonly string[]): Promise<readonly string[]> {
    const names = this.#names();
    const gone = folders.flatMap((folder) => (names[folder] ?? []).map((what) => ({ folder, what })));
    await Promise.all(gone.map(({ folder, what }) => this.#storage.delete(key(folder, what))));
    const keys = new Set(gone.map(({ folder, what }) => key(folder, what)));
    await this.#state.update(TIMES, Object.fromEntries(Object.entries(this.#times()).filter(([name]) => !keys.has(name))));
    await this.#state.update(NAMES, Object.fromEntries(Object.entries(names).filter(([folder]) => !folders.includes(folder))));
    return gone.map(({ what }) => what);
  }

  #times(): Times {
    return this.#state.get<Times>(TIMES, {});
  }

  #names(): Names {
    return this.#state.get<Names>(NAMES, {});
  }
}

function key(folder: string, what: string): string {
  return `prefectLens.secret ${JSON.stringify([folder, what])}`;
}
