"""What an editor does with the changes of files that the server asks for: makes them, saves them, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from tests.lsp.editor import Editor


def apply(editor: Editor) -> None:
    """Make the last change of files that the server asked for, on the disk."""
    changed: list[str] = []
    for change in editor.applied[-1]["documentChanges"]:
        uri = change["uri"] if "kind" in change else change["textDocument"]["uri"]
        file = Path(unquote(urlsplit(uri).path))
        if "kind" in change:
            file.touch()
        else:
            file.write_text(_edited(file.read_text("utf-8"), change["edits"]), "utf-8")
        changed.append(uri)
    changes = [{"uri": uri, "type": 2} for uri in dict.fromkeys(changed)]
    editor.notify("workspace/didChangeWatchedFiles", {"changes": changes})


def _edited(text: str, edits: list[dict[str, Any]]) -> str:
    """Columns are taken for characters: no text here has any that are two in UTF-16."""

    def offset(place: dict[str, int]) -> int:
        return sum(map(len, text.splitlines(keepends=True)[: place["line"]])) + place["character"]

    spans = [(offset(edit["range"]["start"]), offset(edit["range"]["end"]), edit["newText"]) for edit in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
