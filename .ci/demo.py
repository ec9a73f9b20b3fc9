"""Opens a real VS Code on a copy of the example project: in the browser, or the local one with `DESKTOP=1`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import environments
import javascript
import vsix
from places import CACHE, ROOT, WINDOWS, call, program, say

EXAMPLE = ROOT / "tests" / "workspaces" / "orders"
SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.tips.enabled": False,
    "telemetry.telemetryLevel": "off",
    "chat.disableAIFeatures": True,
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "update.mode": "none",
}


def main() -> None:
    """Stay until the editor is closed or Ctrl-C is pressed; leave no process behind."""
    for number in (signal.SIGTERM, *(() if WINDOWS else (signal.SIGHUP,))):
        signal.signal(number, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, a shell has it ignored
    project = _project()
    extension = vsix.build()
    with tempfile.TemporaryDirectory(prefix="prefect-lens-demo-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        (profile / "data" / "User").mkdir(parents=True)
        (profile / "data" / "User" / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        with contextlib.suppress(KeyboardInterrupt):
            (_desktop if os.environ.get("DESKTOP") or WINDOWS else _in_browser)(project, extension, profile)


def _project() -> Path:
    """Return a fresh copy of the example, with an environment of its own that stays."""
    folder = CACHE / "demo" / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name != ".venv":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    ignored = shutil.ignore_patterns(".venv", "__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=ignored)
    environments.project(folder / ".venv", sys.executable, environments.NEWEST)
    return folder


def _in_browser(project: Path, extension: Path, profile: Path) -> None:
    port, password = _free_port(), secrets.token_urlsafe(12)
    config = profile / "config.yaml"
    config.touch(mode=0o600)
    config.write_text(f"auth: password\npassword: {password}\nbind-addr: 127.0.0.1:{port}\n", encoding="utf-8")
    places = ["--config", config, "--user-data-dir", profile / "data", "--extensions-dir", profile / "extensions"]
    start = [javascript.executable(), javascript.code_server(), *places]
    # No extension is looked for on the network.
    env = {"EXTENSIONS_GALLERY": '{"serviceUrl":""}'}
    call([*start, "--install-extension", extension, "--force"], env=env, quiet=True)
    off = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override", "--disable-proxy"]
    words = [str(word) for word in (*start, *off, "--ignore-last-opened", "--reconnection-grace-time", "1")]
    with (profile / "code-server.log").open("wb") as log:
        editor = subprocess.Popen(words, env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", editor)
            file = f"vscode-remote://127.0.0.1:{port}{project / 'flows' / 'orders.py'}"
            payload = urllib.parse.quote(json.dumps([["openFile", file]]), safe="/:,[]")
            say("A real VS Code is open at this address, for this machine alone:\n")
            print(f"    http://127.0.0.1:{port}/?folder={urllib.parse.quote(str(project))}&payload={payload}")
            print(f"    password: {password}\n")
            say(f"It shows {project}; click a lens above a flow. Ctrl-C ends it.")
            editor.wait()
        finally:
            _end(editor)


def _end(editor: subprocess.Popen[bytes]) -> None:
    """End the editor's whole process group; language servers end with it, and runs with those."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(editor.pid, signal.SIGTERM)
    try:
        editor.wait(timeout=5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(editor.pid, signal.SIGKILL)
        editor.wait()


def _desktop(project: Path, extension: Path, profile: Path) -> None:
    code = program("code")
    places = ["--user-data-dir", profile / "data", "--extensions-dir", profile / "extensions"]
    call([code, *places, "--install-extension", extension, "--force"], quiet=True)
    say(f"A VS Code with a profile of its own opens on {project}. Closing its window ends the demo.")
    call([code, *places, "--new-window", "--wait", project, project / "flows" / "orders.py"])


def _wait_for(address: str, editor: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if editor.poll() is not None:
            sys.exit("The editor ended at once; see above.")
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=1):  # noqa: S310 - our own address
            return
        time.sleep(0.05)
    sys.exit("The editor does not answer.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(os.environ.get("PORT", "0"))))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
