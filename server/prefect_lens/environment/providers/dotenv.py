"""A line of a `.env` file. Possible, and flagged: what lies in such a file, every program of the user can read."""

from __future__ import annotations

import re

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request

_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.]*)[ \t]*=[ \t]*
    (?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>[^']*)'|(?P<plain>[^\n]*?))(?:[ \t]+\#[^\n]*)?[ \t]*$""",
    re.MULTILINE | re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class _Dotenv(Provider):
    is_kept = False
    note = "lies in a file, where every program can read it; a keyring is a better place"

    def address(self, arguments: Arguments) -> str:
        name = f"{arguments['name']} from " if "name" in arguments else ""
        return f"reads {name}{arguments['dotenv']}"

    async def fetch(self, request: Request) -> Fetched:
        file = request.surroundings.root / str(request.arguments["dotenv"])
        name = request.text("name") or request.variable
        try:
            text = file.read_text(encoding="utf-8-sig")
            since = file.stat().st_mtime
        except OSError as error:
            raise ProviderError(f"{request.arguments['dotenv']} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise ProviderError(f"{request.arguments['dotenv']} is not UTF-8.") from error
        found = [line for line in _LINE.finditer(text) if line["name"] == name]
        if not found:
            raise ProviderError(f"{request.arguments['dotenv']} has no line {name}=….")
        return Fetched({request.variable: _value(found[-1])}, since=since)


def _value(line: re.Match[str]) -> str:
    if line["double"] is not None:
        return re.sub(r"\\(.)", lambda sign: _ESCAPES.get(sign[1], sign[1]), line["double"], flags=re.DOTALL)
    return line["single"] if line["single"] is not None else line["plain"]


PROVIDER = _Dotenv()
