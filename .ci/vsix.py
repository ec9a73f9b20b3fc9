"""Builds the VSIX: the extension, and in it the language server with all that it needs, for every platform."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

import environments
import javascript
from places import ROOT, call, once, say, version

EXTENSION = ROOT / "vscode-extension"
BUNDLED = EXTENSION / "bundled"
BINARY = {".so", ".pyd", ".dylib", ".dll", ".exe"}


def build() -> Path:
    """Return the VSIX, built anew where its sources have changed."""
    vsix = ROOT / "dist" / f"prefect-lens-{version()}.vsix"

    def make() -> None:
        say("Building the VSIX")
        javascript.dependencies(EXTENSION)
        _bundle()
        for name in ("LICENSE", "CHANGELOG.md"):
            shutil.copyfile(ROOT / name, EXTENSION / name)
        call([javascript.executable(), "build.mjs"], cwd=EXTENSION)
        vsix.parent.mkdir(exist_ok=True)
        vsce = EXTENSION / "node_modules" / "@vscode" / "vsce" / "vsce"
        options = (
            "--allow-missing-repository",
            "--no-dependencies",
            "--no-git-tag-version",
            "--no-update-package-json",
        )
        call([javascript.executable(), vsce, "package", version(), *options, "--out", vsix], cwd=EXTENSION, quiet=True)

    once(ROOT / "dist" / "vsix.stamp", _fingerprint(), make, makes=vsix)
    return vsix


def _bundle() -> None:
    """Install the server and its dependencies into the extension; refuse what is not pure Python."""
    python = environments.development()
    libs = BUNDLED / "libs"
    shutil.rmtree(BUNDLED, ignore_errors=True)
    libs.mkdir(parents=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        call([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, "."], quiet=True)
        (wheel,) = Path(folder).glob("*.whl")
        # Wheels for no platform and the oldest Python that the server runs on: those serve all the others.
        pure = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.11")
        call([*pip, "install", "--quiet", "--no-compile", "--target", libs, *pure, wheel], quiet=True)
    shutil.rmtree(libs / "bin", ignore_errors=True)
    for told in libs.glob("*.dist-info/direct_url.json"):
        told.unlink()  # where on this machine our own wheel lay
    if binaries := [path for path in libs.rglob("*") if path.suffix in BINARY]:
        sys.exit(f"The server's dependencies are to be pure Python, but there is {binaries[0].relative_to(libs)}.")
    shutil.copyfile(EXTENSION / "server.py", BUNDLED / "server.py")


def _fingerprint() -> str:
    """Return what the VSIX is made of, as one word."""
    digest = hashlib.sha256()
    own = ("src", "media", "server.py", "build.mjs", "package.json", "package-lock.json", "README.md", ".vscodeignore")
    places = [ROOT / "server", ROOT / "pyproject.toml", ROOT / "CHANGELOG.md", *(EXTENSION / name for name in own)]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else (place,))]
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    built = build()
    print(f"{built.relative_to(ROOT)}  {built.stat().st_size / 1e6:.1f} MB")
