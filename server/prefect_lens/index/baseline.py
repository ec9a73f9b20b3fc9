"""The values that somebody has found to be no secrets: a `.secrets.baseline`, as detect-secrets writes it.

It holds no value, only its SHA-1. What its audit has found to be a secret (`is_secret: true`) is told on.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

NAME = ".secrets.baseline"

_KEYWORD = "Secret Keyword"
_TYPES = {
    "AWS access key": "AWS Access Key",
    "GitHub token": "GitHub Token",
    "GitLab token": "GitLab Token",
    "Slack token": "Slack Token",
    "Stripe key": "Stripe Access Key",
    "SendGrid key": "SendGrid API Key",
    "PyPI token": "PyPI Token",
    "npm token": "NPM tokens",
    "API key": "OpenAI Token",
    "storage account key": "Azure Storage Account access key",
    "private key": "Private Key",
    "JSON Web Token": "JSON Web Token",
    "address with a password": "Basic Auth Credentials",
}
"""What detect-secrets 1.5 calls what we find by its form: it knows a value again by type and hash. What has only a name
that says so is a keyword."""

_DETECTORS = ("AWSKeyDetector", "BasicAuthDetector", "GitHubTokenDetector", "JwtTokenDetector", "KeywordDetector")
"""What detect-secrets looks for when it is handed a file that was begun here: it takes that from the file itself."""


def hashed(value: str) -> str:
    """Return what a baseline has of a value."""
    return hashlib.sha1(value.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def read_baseline(text: str) -> frozenset[str]:
    """Return the hashes of the values that a baseline says are none; nothing where it is no such file."""
    try:
        files: dict[str, list[dict[str, Any]]] = json.loads(text)["results"]
        return frozenset(
            str(item["hashed_secret"])
            for items in files.values()
            for item in items
            if item.get("is_secret") is not True
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return frozenset()


def with_value(text: str, path: str, line: int, kind: str, value: str) -> str | None:
    """Return a baseline that knows one value more; None where the text is no baseline.

    Args:
        text: the file, empty where there is none.
        path: where the value was found, relative to the workspace folder.
        line: in which line, counted from 1.
        kind: what it seemed to be.
        value: the value; its hash is written.
    """
    whole: Any = {"version": "1.5.0", "plugins_used": [{"name": name} for name in _DETECTORS], "results": {}}
    try:
        whole = json.loads(text) if text.strip() else whole
        items: list[dict[str, Any]] = whole["results"].setdefault(path, [])
        kept = [item for item in items if item["hashed_secret"] != hashed(value)]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    new = {
        "type": _TYPES.get(kind, _KEYWORD),
        "filename": path,
        "hashed_secret": hashed(value),
        "is_verified": False,
        "line_number": line,
        "is_secret": False,
    }
    whole["results"][path] = sorted([*kept, new], key=lambda item: int(item.get("line_number", 0)))
    whole["results"] = dict(sorted(cast("dict[str, Any]", whole["results"]).items()))
    return json.dumps(whole, indent=2) + "\n"
