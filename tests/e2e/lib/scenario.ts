// A scenario: an editor on a project, and tests that go on from where the one before left off.

import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { startCodeServer } from "./codeServer.ts";
import type { CodeServer, Options } from "./codeServer.ts";
import { exampleProject } from "./project.ts";
import type { Project } from "./project.ts";
import { openWindow, startBrowser } from "./window.ts";
import type { View, Window } from "./window.ts";

export interface Scenario {
  readonly project: Project;
  readonly server: CodeServer;
  readonly window: Window;
  /** Opens one more window on the same project. */
  another(view?: Partial<View>): Promise<Window>;
  /** A test; where it fails, there are pictures of what every window showed. */
  step(fact: string, work: (window: Window) => Promise<void>): void;
}

export function scenario(options: Options & Partial<View> & { project?: () => Promise<Project> }): Scenario {
  let browser: Browser | undefined;
  let project: Project | undefined;
  let server: CodeServer | undefined;
  const windows: Window[] = [];
  let failed = false;

  const another = async (view: Partial<View> = {}) => {
    if (browser === undefined || server === undefined || project === undefined) throw new Error("The scenario has not begun.");
    const window = await openWindow(browser, server, { folder: project.folder, ...options, ...view });
    windows.push(window);
    return window;
  };

  before(async () => {
    [browser, project, server] = await Promise.all([startBrowser(), (options.project ?? exampleProject)(), startCodeServer(options)]);
    await another();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await project?.remove();
  });

  return {
    get project() {
      return project as Project;
    },
    get server() {
      return server as CodeServer;
    },
    get window() {
      return windows[0] as Window;
    },
    another,
    step: (fact, work) =>
      test(fact, async (context) => {
        if (failed) return context.skip("a step before it failed");
        try {
          await work(windows[0] as Window);
        } catch (error) {
          failed = true;
          for (const [index, window] of windows.entries()) {
            if (window.page.isClosed()) continue;
            console.error(`picture: ${await window.evidence(`${fact} ${index}`)}`);
            console.error(`messages: ${JSON.stringify(await window.messages().catch(String))}`);
          }
          throw error;
        }
      }),
  };
}
