"""The providers, one file each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from prefect_lens.environment.provider import GROUP, Provider, ProviderError
from prefect_lens.index.forms import FORMS, PLUGIN

if TYPE_CHECKING:
    from prefect_lens.index.environment import Source

LITERAL = "literal"


def provider_of(source: Source) -> Provider:
    """Return the provider that a variable names.

    Raises:
        ProviderError: it is another package's, and that is not installed or does not load.
    """
    if source.provider == PLUGIN:
        return _plugin(str(source.argument(PLUGIN)))
    assert source.provider in (*FORMS, LITERAL), source.provider
    made = import_module(f"{__name__}.{source.provider}").PROVIDER
    assert isinstance(made, Provider)
    return made


@cache
def _plugin(name: str) -> Provider:
    from importlib.metadata import entry_points  # noqa: PLC0415  a megabyte that few projects have a use for

    found = entry_points(group=GROUP, name=name)
    if not found:
        known = ", ".join(sorted(one.name for one in entry_points(group=GROUP))) or "none"
        what = f"No provider {name!r} is installed beside Prefect Lens; there are: {known}."
        raise ProviderError(what, "Install the package that brings it where `prefect-lens` is installed.")
    try:
        made = next(iter(found)).load()()
    except Exception as error:
        raise ProviderError(f"The provider {name!r} does not load: {type(error).__name__}: {error}.") from error
    if not isinstance(made, Provider):
        raise ProviderError(f"What the entry point {name!r} names is no prefect_lens.environment.provider.Provider.")
    return made
