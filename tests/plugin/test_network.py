"""What a test may reach beside loopback, and what is said where it reaches for more."""

import subprocess
import sys
from textwrap import dedent

import pytest
from pytest_prefect_lens.network import Rule, may

from tests.plugin.driving import SERVER, drive, pytest_alone

HERE = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "localhost", "LOCALHOST.", "a.localhost"]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_may_always_be_reached(host):
    assert may(Rule((), ""), host)


@pytest.mark.parametrize(
    ("allowed", "host", "is_allowed"),
    [
        ("api.example.com", "API.example.com.", True),
        ("api.example.com", "www.example.com", False),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("*.2.1", "192.0.2.1", False),
        ("no network/at all", "192.0.2.1", False),
    ],
)
def test_hosts_are_allowed_by_name_pattern_address_and_network(allowed, host, is_allowed):
    assert may(Rule((allowed,), ""), host) is is_allowed


def python(code: str) -> str:
    """Run code in a fresh process, as nothing takes an audit hook out of one."""
    fake = """
        import _socket, socket, sys
        def fake(host, *args, **kwargs):
            sys.audit("socket.getaddrinfo", host, *args)
            return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.7", 9))]
        _socket.getaddrinfo = fake  # nobody is asked in these tests
        def speak(address):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp: udp.connect(address)  # and nothing is sent
        from pytest_prefect_lens import held, network
        from pytest_prefect_lens.network import NetworkRefusedError
    """
    program = dedent(fake) + dedent(code)
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(SERVER)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_an_address_is_known_by_the_name_that_was_looked_up():
    said = python("""
        end = network.hold(network.Rule(("api.example.com",), "cure {host}"))
        for host in ("api.example.com", "www.example.com"):
            try: print(socket.getaddrinfo(host, 443)[0][4])
            except NetworkRefusedError as error: print(error)
        speak(("192.0.2.7", 9)); print("spoke")
        try: speak(("192.0.2.8", 9))
        except NetworkRefusedError as error: print(error)
        end()
        speak(("192.0.2.8", 9)); print("spoke again")
        network.watch(lambda host: print("noted", host))
        speak(("192.0.2.7", 9)); speak(("127.0.0.1", 9))
        socket.create_server(("127.0.0.1", 0)).close()
    """)
    assert said.splitlines() == [
        "('192.0.2.7', 9)",
        "A thread of this process reaches www.example.com, which is refused: cure www.example.com",
        "spoke",
        "A thread of this process reaches 192.0.2.8, which is refused: cure 192.0.2.8",
        "spoke again",
        "noted api.example.com",
    ]


def test_every_python_child_is_held_and_runs_the_users_own_sitecustomize(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('the user\\'s own')")
    said = python(f"""
        import multiprocessing, os, subprocess
        os.environ["PYTHONPATH"] += os.pathsep + {str(tmp_path)!r}
        end = held.hold(("192.0.2.1",), held.INJECTED)
        code = '''if 1:
            import socket, sys
            import sitecustomize
            assert sitecustomize.__file__.startswith({str(tmp_path)!r}), sitecustomize
            assert not any(name.endswith("site") for name in sys.path), sys.path
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.connect(("192.0.2.1", 9))
                udp.connect(("192.0.2.2", 9))'''
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True))
        end()
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).returncode)
        assert os.environ["PYTHONPATH"].split(os.pathsep)[0] == {str(SERVER)!r}
    """)
    assert "NetworkRefusedError: A child process reaches 192.0.2.2, which is refused: add it to `network` in" in said
    assert 'stdout="the user\'s own\\n"' in said
    assert said.splitlines()[-1] == "0"


REACHES = """
    #- reaching.py
    import socket
    def reach(host):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp: udp.connect((host, 9))
    #- test_a.py
    import pytest
    from reaching import reach
    def test_elsewhere(): reach("192.0.2.1")
    def test_here(): reach("127.0.0.1")
"""


def test_the_configuration_of_pytest_holds_every_test(project):
    folder = project(
        REACHES
        + """
    def test_allowed(): reach("192.0.2.200")
    #- pytest.ini
    [pytest]
    prefect_lens_network = 192.0.2.192/26
"""
    )
    said = pytest_alone(folder)
    assert said.outcomes == {"test_elsewhere": "failed", "test_here": "passed", "test_allowed": "passed"}
    cure = "add it to prefect_lens_network in pytest's configuration, or have the test do without it"
    assert f"test_a.py::test_elsewhere reaches 192.0.2.1, which is refused: {cure}" in said.output


def test_without_a_configuration_nothing_is_held_and_a_server_hears_what_is_reached(project):
    folder = project(REACHES)
    assert set(pytest_alone(folder).outcomes.values()) == {"passed"}
    case, other = drive(folder, "test_a.py::test_elsewhere", "test_a.py::test_here").cases.values()
    assert case.outcome == other.outcome == "passed"
    (reached,) = case.reached
    assert (reached.host, reached.frame.line) == ("192.0.2.1", 3)
    assert reached.frame.path.endswith("reaching.py")
    assert other.reached == ()
