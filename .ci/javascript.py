"""Node, and what comes with it: the editor for the end-to-end tests and the demo, and the browser that drives it."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from places import CACHE, ROOT, call, once, program, say

HERE = CACHE / "e2e"
NODE = "24.21.0"
CODE_SERVER = "4.139.1"
NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


@functools.cache
def executable() -> Path:
    """Return a Node of the major version that the editor asks for: the one at hand, else one from npm."""
    wanted = NODE.split(".", 1)[0]
    at_hand = shutil.which("node")
    if at_hand is not None:
        answer = subprocess.run([at_hand, "--version"], check=False, capture_output=True, text=True).stdout
        if answer.startswith(f"v{wanted}."):
            return Path(at_hand)
    system = {"linux": "linux", "darwin": "darwin", "win32": "win"}.get(sys.platform, sys.platform)
    machine = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x64"
    package = f"node-{system}-{machine}"
    folder = HERE / "n24"

    def make() -> None:
        say(f"Installing Node {NODE}")
        folder.mkdir(parents=True, exist_ok=True)
        call([program("npm"), "install", *NPM, "--prefix", folder, f"{package}@{NODE}"], cwd=folder, quiet=True)

    once(folder / "prefect-lens.stamp", package + NODE, make)
    return folder / "node_modules" / package / "bin" / ("node.exe" if system == "win" else "node")


def environment() -> dict[str, str]:
    """Return the variables under which npm's scripts run by our Node."""
    return {"PATH": f"{executable().parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def dependencies(folder: Path) -> None:
    """Install what a folder's lock file names."""

    def make() -> None:
        say(f"Installing the packages of {folder.relative_to(ROOT)}")
        call([program("npm"), "ci", *NPM], cwd=folder, env=environment(), quiet=True)

    once(
        folder / "node_modules" / "prefect-lens.stamp", (folder / "package-lock.json").read_text(encoding="utf-8"), make
    )


def code_server() -> Path:
    """Return the start script of code-server, which is VS Code served to a browser."""
    app = HERE / "app"
    home = app / "node_modules" / "code-server"

    def make() -> None:
        say(f"Installing code-server {CODE_SERVER}: a minute or two, once")
        npm, env = program("npm"), environment()
        app.mkdir(parents=True, exist_ok=True)
        call([npm, "install", *NPM, "--prefix", app, f"code-server@{CODE_SERVER}"], cwd=app, env=env, quiet=True)
        # Nothing is compiled; what VS Code misses by that, such as a native log, it does without.
        for folder in (home / "lib" / "vscode", home / "lib" / "vscode" / "extensions"):
            call([npm, "install", *NPM, "--omit=dev"], cwd=folder, env=env, quiet=True)

    once(app / "prefect-lens.stamp", CODE_SERVER + NODE, make)
    return home / "out" / "node" / "entry.js"


def browser() -> Path | None:
    """Return a Chromium: the one at hand, else Debian's where we may install it; None where none can be had."""
    if (found := _browser_at_hand()) is None and _install("chromium", "fonts-liberation", "fonts-dejavu-core"):
        return _browser_at_hand()
    return found


def neovim() -> Path | None:
    """Return a Neovim, found as a browser is."""
    if (found := shutil.which("nvim")) is None and _install("neovim"):
        found = shutil.which("nvim")
    return None if found is None else Path(found)


def _install(*packages: str) -> bool:
    """Install Debian's packages where that is our right."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    say(f"Installing {packages[0]} from Debian's packages")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run([apt, *words], check=False, capture_output=True, env=env)
        if done.returncode != 0:
            sys.stderr.write(done.stderr.decode(errors="replace"))
            return False
    return True


def _browser_at_hand() -> Path | None:
    named = os.environ.get("PREFECT_LENS_BROWSER")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    found = [
        named,
        *(shutil.which(name) for name in names),
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ]
    return next((Path(place) for place in found if place and Path(place).is_file()), None)
