// One editor window, as a person sees it: lenses, squiggles, lists. Every wait is for something that is seen.

import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { chromium } from "playwright-core";
import type { Browser, Locator, Page } from "playwright-core";
import { given } from "./codeServer.ts";
import type { CodeServer } from "./codeServer.ts";

/** Longer than any run of the example takes on a slow machine. */
const RUN = 300_000;
const SOON = 60_000;

/** A lens as it is drawn: its parts, and the line of code below it. */
export interface Lens {
  line: string;
  parts: string[];
  /** The middle of each part, on the page. */
  places: { x: number; y: number }[];
}

export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: given("PREFECT_LENS_BROWSER"),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

export interface View {
  /** A folder, or a workspace file that names several. */
  folder: string;
  /** Relative to the folder; opened at once. */
  file?: string;
  size?: { width: number; height: number };
  scale?: number;
}

export async function openWindow(browser: Browser, server: CodeServer, view: View): Promise<Window> {
  const context = await browser.newContext({ viewport: view.size ?? { width: 1400, height: 1050 }, deviceScaleFactor: view.scale ?? 1 });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  const page = await context.newPage();
  page.setDefaultTimeout(SOON);
  const address = new URL(server.url);
  address.searchParams.set(view.folder.endsWith(".code-workspace") ? "workspace" : "folder", view.folder);
  if (view.file !== undefined) {
    const file = `vscode-remote://${address.host}${path.join(view.folder, view.file)}`;
    address.searchParams.set("payload", JSON.stringify([["openFile", file]]));
  }
  await page.goto(address.href);
  // Without a graphics card, what turns as long as a run goes on takes more of the processor than the run: once is enough.
  await page.addStyleTag({ content: "*, *::before, *::after { animation-iteration-count: 1 !important; }" });
  return new Window(page);
}

export class Window {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Presses the button that says that the folder's authors are trusted, in the page that asks for it. */
  async trust(): Promise<void> {
    const page = this.page.locator(".workspace-trust-editor");
    await page.locator(".monaco-button", { hasText: /^Trust$/ }).click();
    await page.getByText("You trust this folder").waitFor();
    await this.closeModal();
  }

  /** Closes a page that lies over the editor. */
  async closeModal(): Promise<void> {
    const modal = this.page.locator(".modal-editor-part");
    await modal.locator(".codicon-close").last().click();
    await modal.waitFor({ state: "detached" });
  }

  async waitForFile(name: string): Promise<void> {
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator(".editor-instance .view-line").first().waitFor();
  }

  /** Opens a file by a click in the explorer; its folders are opened, too. */
  async openFile(file: string): Promise<void> {
    const names = file.split("/");
    await this.page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
    for (const [depth, name] of names.entries()) {
      const row = this.page.locator(`.explorer-folders-view .monaco-list-row[aria-level="${depth + 1}"][aria-label^="${name}"]`).first();
      if (depth === names.length - 1) await row.dblclick();
      else if ((await row.getAttribute("aria-expanded")) !== "true") await row.click();
    }
    await this.waitForFile(names.at(-1) as string);
  }

  /** Opens a file by its absolute path, which tells it from one of the same name in another folder of the window. */
  async quickOpen(file: string): Promise<void> {
    const [folder, name] = [path.basename(path.dirname(path.dirname(file))), path.basename(file)];
    await this.page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
    await this.page.keyboard.press("F1");
    await this.page.locator(".quick-input-widget input[type=text]").fill(file);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.locator(".breadcrumbs-below-tabs .monaco-breadcrumb-item", { hasText: folder }).first().waitFor();
    await this.waitForFile(name);
  }

  /** The lenses in sight, from top to bottom. */
  lenses(): Promise<Lens[]> {
    return this.page.evaluate(readLenses);
  }

  /** Waits until the lens above the line that contains `line` reads so. */
  async waitForLens(line: string, text: RegExp, timeout = SOON): Promise<void> {
    try {
      await this.page.waitForFunction(lensReads, { reader: String(readLenses), line, text: text.source }, { timeout, polling: 250 });
    } catch (error) {
      throw new Error(`No lens above "${line}" reads ${text}; there are ${JSON.stringify(await this.lenses())}`, { cause: error });
    }
  }

  /** Runs the tests of the definition at `line` by its lens, and waits until the run has ended with that result. */
  async run(line: string, result: RegExp): Promise<void> {
    const before = (await this.lenses()).find((lens) => lens.line.includes(line))?.parts.join(" ") ?? "";
    await this.clickLens(line, "▶ Run");
    // Where the result of the run before reads the same, there is something to be seen in between.
    if (result.test(before)) await this.waitForLens(line, /■ Running|… queued/);
    await this.waitForRun(line, result);
  }

  /** Waits until a run has ended, the last of its processes included, and the lens above `line` reads so. */
  async waitForRun(line: string, text: RegExp): Promise<void> {
    await this.waitForLens(line, text, RUN);
    await this.status.filter({ hasNotText: "running" }).waitFor({ timeout: RUN });
  }

  /** Clicks the part of the lens above `line` that contains `text`. */
  async clickLens(line: string, text: string): Promise<void> {
    await this.waitForLens(line, new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
    const place = await this.restingPlace(line, text);
    await this.page.mouse.click(place.x, place.y);
  }

  /** Where a part of a lens is, once it has stopped moving (a panel that closes moves the code) and nothing covers it. */
  private async restingPlace(line: string, text: string): Promise<{ x: number; y: number }> {
    let before = "";
    for (const deadline = Date.now() + SOON; Date.now() < deadline; ) {
      const lens = (await this.lenses()).find((candidate) => candidate.line.includes(line));
      const place = lens?.places[lens.parts.findIndex((part) => part.includes(text))];
      const onTop = await this.page.evaluate(afterNextFrame, place);
      if (place !== undefined && onTop.includes(text) && JSON.stringify(place) === before) return place;
      before = JSON.stringify(place);
    }
    throw new Error(`The part "${text}" of the lens above "${line}" does not come to rest: ${JSON.stringify(await this.lenses())}`);
  }

  /** Runs a command by its title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input[type=text]");
    await input.fill(`>${title}`);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor();
    await this.page.keyboard.press("Enter");
  }

  /** The rows of the Problems view, its files among them. */
  async problems(): Promise<Locator> {
    const rows = this.page.locator(".markers-panel .monaco-list-row");
    if (!(await this.page.locator(".markers-panel").isVisible())) await this.page.keyboard.press("Control+Shift+M");
    await this.page.locator(".markers-panel").waitFor();
    return rows;
  }

  /** Gives the editor the room that the panel below it takes. */
  async closePanel(): Promise<void> {
    const panel = this.page.locator(".part.panel");
    if (await panel.isVisible()) await this.page.keyboard.press("Control+J");
    await panel.waitFor({ state: "hidden" });
  }

  /** Moves the pointer onto a word of the code and returns the hover that appears and has `text` in it. */
  async hover(line: string, word: string, text: string): Promise<Locator> {
    const hover = this.page.locator(".monaco-hover:visible", { hasText: text }).first();
    // The editor takes a hover away when the code below the pointer moves, as it does when something is drawn beside it.
    await this.again(hover, async () => {
      await this.page.mouse.move(0, 0);
      await this.word(line, word).hover();
    });
    return hover;
  }

  /** Puts the cursor on a word of the code and opens the menu of what can be done there, with all these titles in it. */
  async actions(line: string, word: string, ...titles: string[]): Promise<Locator> {
    const rows = this.page.locator(".action-widget .monaco-list-row");
    await this.again(rows.filter({ hasText: titles[0] as string }).first(), async () => {
      await this.page.keyboard.press("Escape");
      await this.word(line, word).click();
      await this.page.keyboard.press("Control+.");
    });
    for (const title of titles) await rows.filter({ hasText: title }).first().waitFor();
    return rows;
  }

  private word(line: string, word: string): Locator {
    return this.page.locator(".view-line", { hasText: line }).first().locator("span span", { hasText: word }).first();
  }

  /** Does something as often as a person would until it shows what it is done for. */
  private async again(shown: Locator, work: () => Promise<void>): Promise<void> {
    for (const deadline = Date.now() + SOON; ; ) {
      await work();
      try {
        return await shown.waitFor({ timeout: SOON / 6 });
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** Puts the cursor at the end of the line that contains `line`. */
  async goTo(line: string): Promise<void> {
    await this.page.locator(".view-line", { hasText: line }).first().click();
    await this.page.keyboard.press("End");
  }

  /** Types other code in the place of a line, behind its indentation and without the editor's help. */
  async replaceLine(line: string, text: string): Promise<void> {
    await this.goTo(line);
    await this.page.keyboard.press("Home");
    await this.page.keyboard.press("Shift+End");
    await this.page.keyboard.insertText(text);
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+S");
    await this.page.locator(".tab.active:not(.dirty)").waitFor();
  }

  /** Our item in the status bar. */
  get status(): Locator {
    return this.page.locator('[id="prefect-lens.prefect-lens.prefectLens.status"]');
  }

  get toasts(): Locator {
    return this.page.locator(".notifications-toasts .notification-toast");
  }

  /** Opens the Testing view and in it a file's item; returns the view's rows. */
  async openTesting(file: string): Promise<Locator> {
    await this.page.locator('.activitybar .action-item a[aria-label^="Testing"]').first().click();
    const rows = this.page.locator(".test-explorer .monaco-list-row");
    const row = rows.filter({ hasText: file }).first();
    await row.waitFor();
    if ((await row.getAttribute("aria-expanded")) !== "true") await row.locator(".monaco-tl-twistie").click();
    await rows.and(this.page.locator('[aria-level="2"]')).first().waitFor();
    return rows;
  }

  /** Presses the button that runs an item of the Testing view. */
  async runInTesting(name: string): Promise<void> {
    const row = this.page.locator(".test-explorer .monaco-list-row", { hasText: name }).first();
    await row.hover();
    await row.locator('a.action-label[aria-label^="Run Test"]').click();
  }

  /** Takes a picture for whoever looks into a failure, and tells where it is. */
  async evidence(name: string): Promise<string> {
    const folder = process.env["PREFECT_LENS_EVIDENCE"] ?? path.join(tmpdir(), "prefect-lens-evidence");
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, `${name.replace(/\W+/g, "-")}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** What messages say, the ones that have hidden themselves included. */
  async messages(): Promise<string[]> {
    await this.command("Notifications: Show Notifications");
    await this.page.locator(".notifications-center").waitFor();
    return this.page.locator(".notifications-center .notification-list-item-message").allInnerTexts();
  }
}

/** Runs in the page: draws a frame, then says what text is on top at a place. */
function afterNextFrame(place: { x: number; y: number } | undefined): Promise<string> {
  return new Promise((resolve) => {
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const found = place && document.elementFromPoint(place.x, place.y);
        resolve(found?.closest("a")?.textContent ?? "");
      }),
    );
  });
}

/** Runs in the page: pairs each lens with the line of code that is drawn below it. */
function readLenses(): Lens[] {
  const code = [...document.querySelectorAll(".editor-instance .view-lines .view-line")]
    .map((line) => ({ top: line.getBoundingClientRect().top, text: (line.textContent ?? "").replaceAll("\u00a0", " ") }))
    .sort((one, other) => one.top - other.top);
  const rows = [...document.querySelectorAll(".editor-instance .codelens-decoration")]
    .filter((row) => row.getBoundingClientRect().height > 0 && row.querySelector("a") !== null)
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top);
  return rows.map((row) => {
    const top = row.getBoundingClientRect().top;
    const below = code.filter((line) => line.top > top).map((line) => line.text);
    const parts = [...row.querySelectorAll("a")];
    return {
      line: below.find((text) => /^\s*(async\s+)?def\s/.test(text)) ?? below[0] ?? "",
      parts: parts.map((part) => part.textContent ?? ""),
      places: parts.map((part) => {
        const { x, y, width, height } = part.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      }),
    };
  });
}

/** Runs in the page. */
function lensReads({ reader, line, text }: { reader: string; line: string; text: string }): boolean {
  const read = new Function(`return (${reader})()`) as () => { line: string; parts: string[] }[];
  return read().some((lens) => lens.line.includes(line) && new RegExp(text).test(lens.parts.join(" ")));
}
