"""Notices that a file changes from which a module was imported. Linux (`inotify(7)`); standard library alone."""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CHANGES = 0x8 | 0x80 | 0x40 | 0x200  # IN_CLOSE_WRITE, IN_MOVED_TO, IN_MOVED_FROM, IN_DELETE
_EVENT = struct.Struct("iIII")


class Watch:
    """Of the folders of all modules that are imported by now; where the system has no more watches, of fewer."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        self.descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        """What can be read from when something has changed; negative where nothing can be watched."""
        files = [file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))]
        self._files = {file for file in files if isinstance(file, str)}
        self._folders: dict[int, str] = {}
        if self.descriptor >= 0:
            for folder in {os.path.dirname(file) for file in self._files}:  # noqa: PTH120  there are hundreds
                self._folders[libc.inotify_add_watch(self.descriptor, os.fsencode(folder), _CHANGES)] = folder

    def changed(self) -> str | None:
        """Return a file of a module that has changed since, if one has; what else changed is forgotten."""
        try:
            events = os.read(self.descriptor, 65536)
        except OSError:
            return None
        found: str | None = None
        while events:
            folder, _, _, length = _EVENT.unpack_from(events)
            name = events[_EVENT.size : _EVENT.size + length].rstrip(b"\0")
            file = os.path.join(self._folders.get(folder, ""), os.fsdecode(name))  # noqa: PTH118
            found = found or (file if file in self._files else None)
            events = events[_EVENT.size + length :]
        return found

    def end(self) -> None:
        """Watch no longer."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
