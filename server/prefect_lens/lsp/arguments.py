"""The one object that each command takes, read with a sentence for each thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from prefect_lens.lsp.uris import to_path

if TYPE_CHECKING:
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.session import Session


class WrongArgumentsError(Exception):
    """A command was given what it does not take; the text says what and what it takes."""


class Arguments:
    """The object that a command was given."""

    def __init__(self, given: Sequence[object] | None) -> None:
        if given is not None and len(given) > 1:
            raise WrongArgumentsError(f"Expected one object, got {len(given)} arguments.")
        value = given[0] if given else None
        if value is not None and not isinstance(value, Mapping):
            raise WrongArgumentsError(f"Expected an object, got {value!r:.80}.")
        self._value = cast("Mapping[str, object]", value or {})

    def text(self, name: str) -> str | None:
        """Return a text, or None where it is left out."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, str):
            raise WrongArgumentsError(f"{name}: expected a string, got {value!r:.80}.")
        return value

    def switch(self, name: str) -> bool:
        """Return a truth value that must be there."""
        value = self._value.get(name)
        if not isinstance(value, bool):
            raise WrongArgumentsError(f"{name}: expected true or false, got {value!r:.80}.")
        return value

    def required(self, name: str) -> str:
        """Return a text that must be there."""
        if not (value := self.text(name)):
            raise WrongArgumentsError(f"{name} is missing.")
        return value

    def texts(self, name: str, *, needed: bool = True) -> tuple[str, ...]:
        """Return a list of texts, which must have at least one where it is needed."""
        value = self._value.get(name)
        if value is None and not needed:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise WrongArgumentsError(f"{name}: expected a list of strings, got {value!r:.80}.")
        if not all(isinstance(item, str) for item in cast("Sequence[object]", value)):
            raise WrongArgumentsError(f"{name}: expected a list of strings, got {value!r:.80}.")
        return tuple(cast("Sequence[str]", value))

    def folder(self, session: Session) -> Folder:
        """Return the workspace folder that is meant: the one that is named, or the only one."""
        uri = self.text("folder")
        if uri is None:
            if len(session.folders) == 1:
                return next(iter(session.folders.values()))
            many = f"there are {len(session.folders)} of them" if session.folders else "none is open"
            raise WrongArgumentsError(f"folder: say which workspace folder is meant; {many}.")
        if (root := to_path(uri)) is None or (folder := session.folders.get(root)) is None:
            raise WrongArgumentsError(f"folder: {uri} is no open workspace folder.")
        return folder

    def file(self, session: Session) -> tuple[Folder, str]:
        """Return the folder and the path of the file that is named."""
        uri = self.required("uri")
        if (path := to_path(uri)) is None or (place := session.place(path)) is None:
            raise WrongArgumentsError(f"uri: {uri} lies in no open workspace folder.")
        return place
