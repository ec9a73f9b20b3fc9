"""The deployments of a `prefect.yaml`, for tests that run each of them as it would be run."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect import Flow

MARKER = "prefect_deployments"


def deployments(file: str = "prefect.yaml", *names: str) -> pytest.MarkDecorator:
    """Run a test once for each deployment of a file, which it gets as its argument `deployment`.

    Args:
        file: The file, looked for in the folder of the test and in those above it, up to pytest's root.
        names: The deployments wanted; all of them by default.
    """
    return pytest.mark.prefect_deployments(file, *names)


@dataclass(frozen=True)
class Deployment:
    """A deployment as it is written down."""

    name: str
    entrypoint: str
    """What names the flow: `flows/orders.py:total`, or `flows.orders.total`."""
    folder: Path
    """Where the file lies in which it stands, to which paths are relative."""
    raw: Mapping[str, Any]
    """All that is written about it."""

    @property
    def flow(self) -> Flow[..., Any]:
        """The flow; that of the module itself where the test's process has imported it already.

        Raises:
            Exception: what Prefect, or the import of the flow's module, raises.
        """
        path, colon, name = self.entrypoint.rpartition(":")
        load: Any = import_module("prefect.flows").load_flow_from_entrypoint
        if not colon or not path.endswith(".py"):
            return load(self.entrypoint, use_placeholder_flow=False)
        file = (self.folder / path).resolve()
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) and Path(cast("str", module.__file__)).resolve() == file:
                return getattr(module, name)
        return load(f"{file}:{name}", use_placeholder_flow=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """Its parameters, with what stands for variables, blocks and the environment put in.

        Raises:
            Exception: what Prefect raises, for a block that is not there.
        """
        templating: Any = import_module("prefect.utilities.templating")
        run: Any = import_module("prefect.utilities.asyncutils").run_coro_as_sync

        async def resolve() -> Any:
            found = await templating.resolve_block_document_references(dict(self.raw.get("parameters") or {}))
            return templating.apply_values(await templating.resolve_variables(found), {})

        return run(resolve())

    @property
    def schedules(self) -> list[dict[str, Any]]:
        """Its schedules, as they are written: each has `cron`, `interval` or `rrule`."""
        return [*(self.raw.get("schedules") or []), *([self.raw["schedule"]] if self.raw.get("schedule") else [])]


def parametrize(metafunc: pytest.Metafunc, file: str = "prefect.yaml", *names: str) -> None:
    """Give a test the deployments that its mark asks for."""
    found = _read(_find(file, metafunc))
    unknown = [name for name in names if name not in {deployment.name for deployment in found}]
    if unknown:
        known = ", ".join(deployment.name for deployment in found) or "none"
        pytest.fail(f"{file} has no deployment {', '.join(unknown)}; there is {known}", pytrace=False)
    wanted = [deployment for deployment in found if not names or deployment.name in names]
    metafunc.parametrize("deployment", [pytest.param(deployment, id=deployment.name) for deployment in wanted])


def _find(file: str, metafunc: pytest.Metafunc) -> Path:
    root, here = metafunc.config.rootpath, metafunc.definition.path.parent
    for folder in (here, *here.parents):
        if (folder / file).is_file():
            return folder / file
        if folder == root:
            break
    pytest.fail(f"there is no {file} in {here} nor above it, up to {root}", pytrace=False)


def _read(path: Path) -> list[Deployment]:
    yaml: Any = import_module("yaml")  # Prefect's own reader
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        pytest.fail(f"{path} cannot be read: {error}", pytrace=False)
    if not isinstance(content, dict):
        return []
    entries = cast("list[Any]", cast("dict[str, Any]", content).get("deployments") or [])
    found = [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]
    return [
        Deployment(str(entry.get("name") or ""), entry["entrypoint"], path.parent, entry)
        for entry in found
        if isinstance(entry.get("entrypoint"), str)
    ]
