// Texts to read: shown in an editor that cannot be saved, so that none is asked for.

import * as vscode from "vscode";

const SCHEME = "prefect-lens";

export interface TextDocuments extends vscode.Disposable {
  show(title: string, text: string, where?: vscode.TextDocumentShowOptions): Promise<void>;
}

export function createTextDocuments(): TextDocuments {
  const texts = new Map<string, string>();
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => texts.get(uri.path),
  });
  return {
    show: async (title, text, where = {}) => {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}` });
      texts.set(uri.path, text);
      changed.fire(uri);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true, ...where });
    },
    dispose: () => vscode.Disposable.from(registration, changed).dispose(),
  };
}
