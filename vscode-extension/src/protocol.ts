// What the language server and we say to each other beyond the standard; docs/protocol.md is the contract.

import { NotificationType, RequestType } from "vscode-languageclient/node";
import type { Range } from "vscode-languageclient/node";

/** Commands that the server executes. */
export const SERVER = {
  run: "prefectLens.server.run",
  runOnSave: "prefectLens.server.runOnSave",
  debug: "prefectLens.server.debug",
  cancel: "prefectLens.server.cancel",
  clearResults: "prefectLens.server.clearResults",
  showTrouble: "prefectLens.server.showTrouble",
  environmentInfo: "prefectLens.server.environmentInfo",
  explainEnvironment: "prefectLens.server.explainEnvironment",
  forgetValues: "prefectLens.server.forgetValues",
} as const;

export type RunArguments = { folder?: string } & (
  | { scope: "targets"; targets: readonly string[] }
  | { scope: "file"; uri: string }
  | { scope: "all" | "last" | "failed" }
);

export type Outcome = "passed" | "failed" | "cancelled" | "broken" | "nothing";

export interface RunSummary {
  run: string;
  outcome: Outcome;
  message: string;
}

export interface TextShown {
  title: string;
  text: string;
}

/** A failure of the machinery, and what to do about it. */
export interface Trouble {
  what: string;
  cure: string | null;
}

export interface ProjectStatus {
  root: string;
  interpreter: string | null;
  why: string | null;
  python: string | null;
  pytest: string | null;
  prefect: string | null;
  profiles: readonly string[];
  profile: string | null;
  trouble?: Trouble | null;
}

export interface FolderStatus {
  folder: string;
  projects: readonly ProjectStatus[];
}

export interface Status {
  state: "ready" | "indexing" | "running" | "trouble" | "untrusted" | "noPrefect";
  text: string;
  folders: readonly FolderStatus[];
}

export interface DefinitionEntry {
  entrypoint: string;
  kind: "flow" | "task";
  name: string;
  uri: string;
  range: Range;
  tests: number;
}

export interface Definitions {
  folder: string;
  definitions: readonly DefinitionEntry[];
  /** Whether these are not all of the tests yet. */
  searching?: boolean;
}

export interface DefinitionResult {
  entrypoint: string;
  state: "queued" | "running" | "passed" | "failed" | "skipped" | "errored";
  seconds?: number | null;
  messages?: readonly string[] | null;
}

export interface CaseResult {
  node_id: string;
  outcome: string;
  seconds: number;
  output: string;
  message?: string | null;
}

export interface RunProgress {
  folder: string;
  run: string;
  phase: "queued" | "running" | "ended";
  title: string;
  definitions: readonly DefinitionResult[];
  cases: readonly CaseResult[];
}

/** A secret of a folder that the server asks for when a run needs it. */
export interface SecretWanted {
  folder: string;
  what: string;
}

export const Secret = new RequestType<SecretWanted, { value: string | null; since?: number }, void>("prefectLens/secret");
/** A worker that waits for a debugger, by debugpy. */
export interface DebuggerWanted {
  folder: string;
  run: string;
  title: string;
  host: string;
  port: number;
  stopAt?: { uri: string; line: number };
}

export const Debug = new RequestType<DebuggerWanted, { attached: boolean }, void>("prefectLens/debug");
export const KeepSecret = new RequestType<SecretWanted & { value: string }, { kept: boolean }, void>("prefectLens/keepSecret");
export const ShowOutput = new NotificationType<TextShown>("prefectLens/showOutput");
export const CopyText = new NotificationType<{ text: string }>("prefectLens/copyText");
export const RequestTrust = new NotificationType<object>("prefectLens/requestTrust");
export const StatusChanged = new NotificationType<Status>("prefectLens/status");
export const DefinitionsChanged = new NotificationType<Definitions>("prefectLens/definitions");
export const RunsChanged = new NotificationType<RunProgress>("prefectLens/runs");
export const TrustGranted = new NotificationType<object>("prefectLens/trustGranted");

/** The names under which the server knows which of its notifications we handle. */
export const HANDLED = ["showOutput", "copyText", "requestTrust", "status", "definitions", "runs", "secret", "debug"] as const;
