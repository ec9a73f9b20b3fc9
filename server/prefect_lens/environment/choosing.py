"""Which environment a run gets: the project's own or one of its profiles, with what the editor's settings change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index.environment import Environment, extended
from prefect_lens.model import Trouble

if TYPE_CHECKING:
    from prefect_lens.index.settings import Settings


def chosen(settings: Settings, profile: str | None, over: Environment | None = None) -> Environment | Trouble | None:
    """Return the environment of a project's runs; None where nothing is said of it.

    Args:
        settings: the project's.
        profile: the one that was chosen; None for none.
        over: what is put over it.
    """
    try:
        environment = settings.environment_of(profile)
    except KeyError:
        known = ", ".join(name for name, _ in settings.profiles) or "none"
        what = f"There is no profile {profile!r} in pyproject.toml; there are: {known}."
        return Trouble("PL915", what, f"Choose another, or write [tool.prefect-lens.profile.{profile}.environment].")
    if over is None:
        return environment
    return extended(environment or Environment(), over)
