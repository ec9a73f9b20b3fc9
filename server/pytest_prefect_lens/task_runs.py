"""Several task runs together, as a test asks about them. Needs the standard library alone."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownMemberType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from pytest_prefect_lens import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect import Task

    from pytest_prefect_lens.result import TaskRunResult


class TaskRuns(Sequence["TaskRunResult[Any]"]):
    """Task runs in the order in which they began; a task, or the name or key of one, narrows them."""

    def __init__(self, runs: tuple[TaskRunResult[Any], ...], task: str = "") -> None:
        self._runs = runs
        self._task = task

    @overload
    def __getitem__(self, index: int) -> TaskRunResult[Any]: ...  # pyright: ignore[reportOverlappingOverload]
    @overload
    def __getitem__(self, index: slice | str | Task[..., Any]) -> TaskRuns: ...
    def __getitem__(self, index: Any) -> TaskRunResult[Any] | TaskRuns:
        """Return one run by its place, or those of a task, of which there may be none.

        Raises:
            IndexError: there are not so many runs.
            TypeError: that is no task.
        """
        __tracebackhide__ = True
        if isinstance(index, int):
            if not -len(self._runs) <= index < len(self._runs):
                raise IndexError(f"there is no task run {index} in {self!r}")
            return self._runs[index]
        if isinstance(index, slice):
            return TaskRuns(self._runs[index])
        if isinstance(index, str):
            return TaskRuns(tuple(run for run in self._runs if run.is_of(index)), index)
        from pytest_prefect_lens.given import check_task  # noqa: PLC0415

        check_task(index, "task_runs[…]", " The runs of flows are in `subflows`.")
        return TaskRuns(tuple(run for run in self._runs if run.is_of(index)), index.name)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[TaskRunResult[Any]]:
        return iter(self._runs)

    def __repr__(self) -> str:
        of = f" of {self._task!r}" if self._task else ""
        count = f"{len(self._runs) or 'no'} task run{'' if len(self._runs) == 1 else 's'}{of}"
        return f"<{': '.join(filter(None, (count, ', '.join(map(tree.short, self._runs)))))}>"

    def __str__(self) -> str:
        return "\n".join(map(str, self._runs))

    @property
    def results(self) -> list[Any]:
        """What the runs returned, in order; raises for the first that did not complete."""
        return [run.result for run in self._runs]

    @property
    def state_names(self) -> list[str]:
        """The name of each run's last state."""
        return [run.state_name for run in self._runs]

    @property
    def names(self) -> list[str]:
        """The names of the tasks, in the order in which their runs began."""
        return [run.name for run in self._runs]

    @property
    def most_at_once(self) -> int:
        """How many of the runs ran at the same time at most."""
        return max((sum(run.is_running_at(start) for run in self._runs) for start in self._starts), default=0)

    @property
    def _starts(self) -> list[Any]:
        return [run.started for run in self._runs if run.started is not None]
