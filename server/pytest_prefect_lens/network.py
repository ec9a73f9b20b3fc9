"""Holds this process and its Python children to the hosts that they may reach, or notes which they do reach.

An audit hook sees each name before it is looked up and each address before it is spoken to, on any thread. What does
not go through Python's sockets is not seen: native libraries with their own, other programs. Needs the standard library
alone, and imports little of it: it is loaded in each child process of a run that is held.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

VARIABLE = "PREFECT_LENS_NETWORK"
"""Tells child processes the rules: one a line, the cure and the hosts behind it, with tabs between."""

_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
"""What nearly all connections of a run go to: the run's own Prefect."""
_SPOKEN_TO = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKED_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class NetworkRefusedError(RuntimeError):
    """Something would have been reached that is not allowed.

    It is no `OSError`: libraries take those for a network that is down, and try again.
    """


class Rule:
    """The hosts that may be reached beside this machine itself: names, patterns, addresses, networks."""

    def __init__(self, hosts: Iterable[str], cure: str) -> None:
        """Allow hosts; `cure` says where one is added, with the host in the place of `{host}`."""
        self.hosts = tuple(host.lower() for host in hosts)
        self.cure = cure
        self._networks: list[Any] | None = None

    def networks(self) -> list[Any]:
        """Return the hosts that are addresses, or networks of them."""
        if self._networks is None:
            import ipaddress  # noqa: PLC0415  as in `may`

            self._networks = []
            for host in self.hosts:
                try:
                    self._networks.append(ipaddress.ip_network(host, strict=False))
                except ValueError:  # noqa: PERF203  a name
                    continue
        return self._networks


_rules: tuple[Rule, ...] = ()
_watchers: tuple[Callable[[str], None], ...] = ()
_names: dict[str, str] = {}
"""By address: the name that it was found by."""
_is_child = False
_hooked = False


def hold(rule: Rule) -> Callable[[], None]:
    """Allow only what a rule allows, beside other rules that hold; the function returned ends it."""
    global _rules  # noqa: PLW0603  a process has one network
    _hook()
    _rules = (*_rules, rule)

    def end() -> None:
        global _rules  # noqa: PLW0603
        _rules = tuple(other for other in _rules if other is not rule)

    return end


def watch(note: Callable[[str], None]) -> Callable[[], None]:
    """Have each host beyond this machine noted when it is spoken to, by its name or its address; the rest as `hold`."""
    global _watchers  # noqa: PLW0603
    _hook()
    _watchers = (*_watchers, note)

    def end() -> None:
        global _watchers  # noqa: PLW0603
        _watchers = tuple(other for other in _watchers if other is not note)

    return end


def hold_inherited() -> None:
    """Hold the rules of the process that started this one."""
    global _is_child  # noqa: PLW0603
    _is_child = True
    for line in os.environ.get(VARIABLE, "").splitlines():
        cure, *hosts = line.split("\t")
        hold(Rule(hosts, cure))


def runs_tests() -> None:
    """Say that this process, a child of xdist's, is the one that runs the tests."""
    global _is_child  # noqa: PLW0603
    _is_child = False


def look_up(host: object) -> None:
    """See whether a name may be looked up.

    Raises:
        NetworkRefusedError: it may not.
    """
    _refuse_unless_allowed(_text(host))


def may(rule: Rule, host: str) -> bool:
    """Whether a rule allows a name or an address."""
    if host in _HERE:
        return True
    import ipaddress  # noqa: PLC0415  who never reaches anything pays for nothing
    from fnmatch import fnmatchcase  # noqa: PLC0415

    name = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return _is_here(name) or any(fnmatchcase(name, allowed) for allowed in rule.hosts)
    address = getattr(address, "ipv4_mapped", None) or address
    known = _names.get(str(address))
    if address.is_loopback or address.is_unspecified or (known is not None and may(rule, known)):
        return True
    return any(address in network for network in rule.networks())


# --- the hook ------------------------------------------------------------------------------------------


def _hook() -> None:
    global _hooked  # noqa: PLW0603
    if _hooked:
        return
    _hooked = True
    import _socket  # noqa: PLC0415  what `socket.getaddrinfo` calls, whoever has imported that by name

    find = _socket.getaddrinfo
    inet = (_socket.AF_INET, _socket.AF_INET6)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        found = find(host, port, *args, **kwargs)
        if host and (_rules or _watchers):
            for *_, address in found:
                if str(address[0]) != _text(host):
                    _names[str(address[0])] = _text(host)
        return found

    # Names of its own: it is still called when this module has been taken to pieces.
    def audit(event: str, arguments: tuple[Any, ...], spoken_to: Any = _SPOKEN_TO, asked: Any = _LOOKED_UP) -> None:
        if event in spoken_to:
            socket, address = arguments
            if (_rules or _watchers) and socket.family in inet and address and address[0]:
                _meet(_text(address[0]))
        elif event in asked and arguments[0]:
            look_up(arguments[0])

    _socket.getaddrinfo = getaddrinfo
    sys.addaudithook(audit)


def _meet(host: str) -> None:
    _refuse_unless_allowed(host)
    if _watchers and not may(_NOWHERE, host):
        for note in _watchers:
            note(_names.get(host, host))


def _refuse_unless_allowed(host: str) -> None:
    for rule in _rules:
        if not may(rule, host):
            named = _names.get(host, host)
            raise NetworkRefusedError(f"{_who()} reaches {named}, which is refused: {rule.cure.format(host=named)}")


_NOWHERE = Rule((), "")


def _is_here(name: str) -> bool:
    import _socket  # noqa: PLC0415

    return name in ("localhost", "localhost.localdomain", _socket.gethostname().lower()) or name.endswith(".localhost")


def _text(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)


def _who() -> str:
    """Return what runs here: the task and the flow, where Prefect knows them on this thread, and the test."""
    task, flow = _running("TaskRunContext", "task"), _running("FlowRunContext", "flow")
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    parts = [f"task '{task}'" if task else "", f"flow '{flow}'" if flow else "", test]
    told = " in ".join(filter(None, parts))
    if _is_child:
        return f"A child process of {told}" if told else "A child process"
    return told[:1].upper() + told[1:] if task or flow else told or "A thread of this process"


def _running(context: str, kind: str) -> str | None:
    """Return the name of the run that a thread is in; in a flow's task of another process there is the task alone."""
    found: Any = getattr(sys.modules.get("prefect.context"), context, None)
    running = None if found is None else found.get()
    return getattr(getattr(running, kind, None), "name", None)
