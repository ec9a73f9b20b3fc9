"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_prefect_lens.wire import TestId

    from prefect_lens.model import Interpreter


@dataclass(frozen=True)
class RunRequest:
    """Tests of one project, and what runs them. Two equal requests ask for the same run."""

    folder: Path
    """The workspace folder."""
    project: str
    """The project's root, relative to it; `.` for the folder itself."""
    interpreter: Interpreter
    tests: tuple[TestId, ...] = ()
    """Test functions or single cases, in the order to run them; paths relative to the workspace folder."""
    files: tuple[str, ...] = ()
    """Whole test files beside `tests`, relative too. With neither, everything that pytest finds in the project."""
    pytest_args: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The working folder of the run."""
        return self.folder / self.project
