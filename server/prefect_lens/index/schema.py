"""The JSON schema of `[tool.prefect-lens]`, made of what its readers go by. `schema.json` is it, for other tools."""

from __future__ import annotations

from typing import Any

from prefect_lens.index.forms import COMMON, DURATION, ENVIRONMENT, FORMS, PROFILE, SCOPE, Form, Option, Shape

Node = dict[str, Any]

_TEXTS: Node = {"type": "array", "items": {"type": "string"}}
_LIST_OF_TEXTS: Node = {**_TEXTS, "minItems": 1}
_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"


def schema() -> Node:
    """Return the schema of the table."""
    severities = ["error", "warning", "information", "hint", "off"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "[tool.prefect-lens] in pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "interpreter": {
                "type": "string",
                "description": "The Python that runs the tests: `.venv/bin/python`. By default it is found by itself.",
            },
            "pytest_args": {**_TEXTS, "description": "More arguments for every pytest that is started."},
            "skip_retry_delays": {
                "type": "boolean",
                "description": "Whether a flow or task that failed is tried again at once, whatever delay it has.",
            },
            "parallel": {
                "oneOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}],
                "description": "Over how many processes a large selection is spread, by files; `auto`: all cores.",
            },
            "audit": {
                "type": "boolean",
                "description": "Whether `prefect-lens test` writes its runs into the user's audit trail.",
            },
            "severity": {
                "type": "object",
                "description": 'How bad a diagnostic is, by its code: `PL104 = "error"`.',
                "additionalProperties": False,
                "properties": {
                    "swallowed": {"enum": severities, "description": "A failure in a test that passed all the same."},
                    "expected": {
                        "enum": severities,
                        "description": "A failure that a test waited for; off by default.",
                    },
                },
                "patternProperties": {r"^PL\d{3}$": {"enum": severities}},
            },
            "environment": {
                "description": "What the tests find in their environment, where it comes from, what they may reach.",
                "$ref": "#/$defs/environment",
            },
            "profile": {
                "type": "object",
                "description": "Other environments to choose from, by name. Each changes what `environment` says.",
                "additionalProperties": _table(PROFILE),
            },
        },
        "$defs": {
            "environment": _table(ENVIRONMENT),
            "source": {"oneOf": [_provider(form) for form in FORMS.values()]},
        },
    }


def _table(options: tuple[Option, ...]) -> Node:
    found: Node = {
        "type": "object",
        "additionalProperties": False,
        "properties": {option.name: {"description": option.about, **_shape(option)} for option in options},
    }
    if needed := [option.name for option in options if option.is_required]:
        found["required"] = needed
    return found


def _provider(form: Form) -> Node:
    found = _table((form.main, *form.options, *COMMON))
    found["required"] = [form.name, *found.get("required", ())]
    if form.takes_more:
        found["additionalProperties"] = True
    return found


def _shape(option: Option) -> Node:
    match option.shape:
        case Shape.TEXT:
            return {"enum": list(option.words)} if option.words else {"type": "string", "minLength": 1}
        case Shape.TEXTS:
            return _LIST_OF_TEXTS
        case Shape.DURATION:
            written: Node = {"type": "string", "pattern": f"^{DURATION}$"}
            return {"anyOf": [written, {"type": "number", "exclusiveMinimum": 0}]}
        case Shape.REFERENCE:
            return {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/source"}]}
        case Shape.INHERIT:
            return {"anyOf": [{"type": "boolean"}, _TEXTS]}
        case Shape.NETWORK:
            return {"anyOf": [{"enum": ["loopback", "any"]}, _TEXTS]}
        case Shape.VARIABLES:
            value: Node = {"anyOf": [{"type": ["string", "number"]}, {"$ref": "#/$defs/source"}]}
            return {"type": "object", "additionalProperties": False, "patternProperties": {_NAME: value}}
        case Shape.SCOPES:
            return {"type": "array", "items": _table(SCOPE)}
        case Shape.ENVIRONMENT:
            return {"$ref": "#/$defs/environment"}
