"""Whether a flow's parameters survive the way through the API, for values that Hypothesis makes up for its types."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUnknownLambdaType=false
# Neither Prefect nor Hypothesis is there where the server's code is checked.

from __future__ import annotations

import inspect
import json
import typing
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from prefect.exceptions import ParameterTypeError

if TYPE_CHECKING:
    from prefect import Flow


def assert_parameters_round_trip(flow: Flow[..., Any], /, *, examples: int = 100) -> None:
    """Hold that every value a flow's signature allows comes back from the API as it went in.

    A deployment's parameters are JSON there, checked against the flow's schema, and made values again for the run.
    Values are made up by Hypothesis, which must be installed, from the annotations; those that the flow itself refuses,
    and numbers that JSON does not have, are passed over. The same ones each time.

    Args:
        flow: The flow.
        examples: How many sets of parameters to try.

    Raises:
        AssertionError: a set does not come back; it is the simplest one that was found.
        ModuleNotFoundError: Hypothesis is not installed.
    """
    hypothesis: Any = import_module("hypothesis")
    phase: Any = hypothesis.Phase

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(phase.generate, phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(_parameters_of(flow))
    def comes_back(parameters: dict[str, Any]) -> None:
        try:
            wanted = flow.validate_parameters(parameters)
            sent = json.dumps(flow.serialize_parameters(wanted), allow_nan=False)
        except (ParameterTypeError, ValueError):
            hypothesis.reject()
        else:
            _assert_comes_back(flow, wanted, sent)

    comes_back()


def _assert_comes_back(flow: Flow[..., Any], wanted: dict[str, Any], sent: str) -> None:
    __tracebackhide__ = True
    schema: Any = import_module("prefect.utilities.callables").parameter_schema(flow)
    validate: Any = import_module("prefect.utilities.schema_tools.validation").validate
    given = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
    went = f"{flow.name}({given}) goes to the API as {sent}"
    # A time without a zone is none to the schema; what a flow that takes them makes of it is seen below.
    refused = [error for error in validate(json.loads(sent), schema.model_dump()) if error.validator != "format"]
    if refused:
        raise AssertionError(f"{went}, which the flow's own schema refuses: {refused[0].message}")
    try:
        back = flow.validate_parameters(json.loads(sent))
    except ParameterTypeError as error:
        raise AssertionError(f"{went}, which the flow does not take back: {error}") from error
    different = [name for name in wanted if back.get(name) != wanted[name]]
    if different:
        came = ", ".join(f"{name}={back.get(name)!r}" for name in different)
        raise AssertionError(f"{went}, and comes back as {came}")


def _parameters_of(flow: Flow[..., Any]) -> Any:
    """Return a strategy for sets of parameters; those that have a default are left out now and then."""
    st: Any = import_module("hypothesis.strategies")
    hints = typing.get_type_hints(flow.fn, include_extras=True)
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for name, parameter in inspect.signature(cast("Any", flow.fn)).parameters.items():
        hint = hints.get(name, Any)
        place = required if parameter.default is parameter.empty else optional
        place[name] = json_values if hint is Any else st.from_type(_with_bounds(hint))
    return st.fixed_dictionaries(required, optional=optional)


def _with_bounds(hint: Any) -> Any:
    """Return a type whose bounds stand where Hypothesis looks for them; pydantic's `Field` keeps them to itself."""
    if typing.get_origin(hint) is not typing.Annotated:
        return hint
    base, *about = typing.get_args(hint)
    bounds = [bound for one in about for bound in getattr(one, "metadata", (one,))]
    return typing.Annotated[(base, *bounds)] if bounds else base
