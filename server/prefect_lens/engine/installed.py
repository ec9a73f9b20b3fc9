"""What is installed beside an interpreter, by the files that installers leave there."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_lens.model import Interpreter


@dataclass(frozen=True, slots=True)
class Environment:
    """What reading tells about an interpreter."""

    python: str | None
    site_packages: tuple[str, ...]
    is_complete: bool
    """Whether `site_packages` are all the places that it imports from, as far as can be told."""
    is_virtual: bool = False
    is_conda: bool = False
    is_uv: bool = False

    def version(self, distribution: str) -> str | None:
        """Return the version of an installed distribution."""
        for site in self.site_packages:
            for found in _metadata(Path(site), distribution):
                return found
        return None


def has_plugin(interpreter: Interpreter) -> bool:
    """Whether the project itself has our plugin, so that plain pytest knows its marks."""
    return any(True for site in interpreter.site_packages for _ in Path(site).glob("prefect_lens-*.dist-info"))


def read(program: Path) -> Environment:
    """Return what the files around an interpreter tell. None of it is run."""
    prefix = program.parent.parent if program.parent.name in ("bin", "Scripts") else program.parent
    configuration = _pyvenv(prefix)
    if configuration is not None:
        sites = _sites(prefix)
        complete = configuration.get("include-system-site-packages", "false").lower() != "true"
        if not complete and configuration.get("home"):
            sites += read(Path(configuration["home"]) / program.name).site_packages
        version = configuration.get("version") or configuration.get("version_info") or _version_of(prefix)
        return Environment(_plain(version), _with_links(sites), complete, is_virtual=True, is_uv="uv" in configuration)
    if (prefix / "conda-meta").is_dir():
        python = next(iter(sorted((prefix / "conda-meta").glob("python-[0-9]*.json"))), None)
        version = python.name.split("-")[1] if python is not None else _version_of(prefix)
        return Environment(version, _with_links(_sites(prefix)), is_complete=True, is_conda=True)
    # A Python of the system: its link tells its version, and its prefix where it is installed. A shim tells nothing.
    real = program.resolve()
    named = re.fullmatch(r"python(3\.\d+)(\.exe)?", real.name)
    version = named[1] if named is not None else None
    if version is None and sys.platform != "win32":
        return Environment(None, (), is_complete=False)
    home = real.parent.parent if real.parent.name == "bin" else real.parent
    sites = _sites(home, version)
    if version is not None and home == Path("/usr"):  # Debian's own places
        sites += tuple(
            str(place)
            for place in (Path(f"/usr/local/lib/python{version}/dist-packages"), Path("/usr/lib/python3/dist-packages"))
            if place.is_dir()
        )
    return Environment(version, _with_links(sites), is_complete=False)


def _pyvenv(prefix: Path) -> dict[str, str] | None:
    try:
        text = (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _sites(prefix: Path, version: str | None = None) -> tuple[str, ...]:
    if sys.platform == "win32":
        found = [prefix / "Lib" / "site-packages"]
    else:
        pattern = f"python{version}" if version is not None else "python3.*"
        found = [place / "site-packages" for lib in ("lib", "lib64") for place in sorted((prefix / lib).glob(pattern))]
    # `lib64` is a link to `lib` as a rule.
    return tuple({place.resolve(): str(place) for place in reversed(found) if place.is_dir()}.values())


def _version_of(prefix: Path) -> str | None:
    for place in sorted((prefix / "lib").glob("python3.*")):
        return place.name.removeprefix("python")
    return None


def _with_links(sites: tuple[str, ...]) -> tuple[str, ...]:
    """Add the folders that `.pth` files name, as Python does."""
    found = list(sites)
    for site in sites:
        for link in sorted(Path(site).glob("*.pth")):
            try:
                lines = link.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            places = [
                str(Path(site) / line.strip())
                for line in lines
                if line.strip() and not line.startswith(("#", "import "))
            ]
            found += [place for place in places if Path(place).is_dir()]
    return tuple(dict.fromkeys(found))


def _metadata(site: Path, distribution: str) -> list[str]:
    folders = sorted(site.glob(f"{distribution}-*.dist-info")) + sorted(site.glob(f"{distribution}*.egg-info"))
    versions: list[str] = []
    for folder in folders:
        for name in ("METADATA", "PKG-INFO"):
            try:
                with (folder / name).open(encoding="utf-8", errors="replace") as text:
                    about = HeaderParser().parse(text)
            except OSError:
                continue
            if str(about["Name"]).lower() == distribution:
                versions.append(str(about["Version"]))
    return versions


def _plain(version: str | None) -> str | None:
    """`3.12.3.final.0`, as virtualenv writes it, is `3.12.3`."""
    found = re.match(r"\d+(\.\d+){1,2}", version or "")
    return found[0] if found else None
