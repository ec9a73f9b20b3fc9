"""Where variables come from, when they are fetched, and what is told where they cannot be had."""

import asyncio
import base64
import fcntl
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from prefect_lens.engine.request import Injected
from prefect_lens.environment.approval import Answer
from prefect_lens.environment.explaining import checked
from prefect_lens.environment.resolving import Resolved

SECRET = "s3cr3t-v4lue-of-the-test"


async def test_values_come_from_where_they_live(project, program):
    (project.folder / ".env").write_text('A=1\nexport X="a \\"quoted\\" #value"  # c\nB=plain text # no\nX2=\'s\'\n')
    project.environ["OUTER"] = "from outside"
    command = program(f"print({SECRET!r})")
    found = await project.resolve(f"""
        REGION = "eu-west-1"
        TOKEN = {{ command = {command} }}
        INNER = {{ inherited = "OUTER" }}
        X = {{ dotenv = ".env" }}
        Y = {{ dotenv = ".env", name = "B" }}
        UI = {{ editor = "warehouse token" }}
    """)
    assert isinstance(found, Resolved)
    assert dict(found.values) == {
        "REGION": "eu-west-1",
        "TOKEN": SECRET,
        "INNER": "from outside",
        "X": 'a "quoted" #value',
        "Y": "plain text",
        "UI": "given by hand",
    }
    assert project.asked == ["warehouse token"]
    entries = {entry.name: entry for entry in found.entries}
    assert {name for name, entry in entries.items() if not entry.is_secret} == {"REGION"}
    assert entries["TOKEN"].address.startswith("runs `")
    assert entries["TOKEN"].length == "16 to 63 characters"
    assert "lies in a file" in entries["X"].notes[0]
    assert SECRET not in repr(found)


async def test_a_run_gets_the_variables_that_it_may_see(project):
    variables = 'A = "1"\nB = { editor = "b" }'
    head = 'inherit = ["PATH"]\nnetwork = ["db.example.com"]\nwrap = ["hoop"]'
    found = await project.resolve(variables, head)
    assert isinstance(found, Resolved)
    assert found.injected(["A", "B"]) == Injected(
        (("A", "1"), ("B", "given by hand")),
        frozenset({"B"}),
        ("PATH",),
        ("db.example.com",),
        is_configured=True,
        wrap=("hoop",),
        sources=(("A", "stands in the configuration"), ("B", "asks for b")),
    )
    assert found.injected(["A"]).variables == (("A", "1"),)
    everything = await project.resolve(variables, 'inherit = true\nnetwork = "any"')
    assert isinstance(everything, Resolved)
    assert everything.injected([]) == Injected(is_configured=True)
    nothing = await project.resolve(variables)
    assert isinstance(nothing, Resolved)
    assert (nothing.injected([]).inherit, nothing.injected([]).network) == ((), ())


async def test_nothing_runs_that_nobody_has_allowed(project, program):
    command = program("open('ran', 'a').write('x')\nprint('value')")
    variables = f'TOKEN = {{ command = {command} }}\nREGION = "x"'
    found = await project.resolve(variables, allow=False)
    assert not isinstance(found, Resolved)
    [trouble] = found
    assert (trouble.code, trouble.cure, trouble.cure_is_command) == ("PL914", "agree", True)
    assert "TOKEN: runs `" in trouble.what
    assert not (project.folder / "ran").exists()
    project.says = Answer.ONCE
    # Two runs at once ask one question.
    both = await asyncio.gather(project.resolve(variables, allow=False), project.resolve(variables, allow=False))
    assert all(isinstance(found, Resolved) for found in both)
    assert (project.folder / "ran").read_text() == "x"
    assert len(project.wanted) == 2
    again = type(project)(project.folder, project.state)
    assert not isinstance(await again.resolve(variables, allow=False), Resolved)


async def test_what_was_allowed_is_remembered_for_this_project_and_exactly_this_deed(project, program, tmp_path):
    command = program("print('value')")
    variables = f"TOKEN = {{ command = {command}, ttl = '1m' }}"
    await project.resolve(variables)
    other = type(project)(project.folder, project.state)
    allowed = f"TOKEN = {{ command = {command}, ttl = '2m' }}"  # how long it is kept is no deed
    assert isinstance(await other.resolve(allowed, allow=False), Resolved)
    for changed in (
        f"OTHER = {{ command = {command} }}",
        f"TOKEN = {{ command = {command[:-1]}, '--more'] }}",
        "TOKEN = { keyring = 'a/b' }",
        "TOKEN = { dotenv = '../.env' }",
        "TOKEN = { oidc = 'https://x', client_id = 'c', client_secret = { keyring = 'a/b' } }",
    ):
        found = await other.resolve(changed, allow=False)
        assert not isinstance(found, Resolved), changed
        assert found[0].code == "PL914"
    found = await other.resolve(allowed, "wrap = ['hoop', 'exec']", allow=False)
    assert not isinstance(found, Resolved)
    assert "starts the tests by `hoop exec`" in found[0].what
    elsewhere = type(project)(tmp_path, project.state)
    assert not isinstance(await elsewhere.resolve(variables, allow=False), Resolved)
    assert (project.state / "approved.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (f"print({SECRET!r}); sys.stderr.write('{SECRET} denied'); sys.exit(3)", "exit status 3: *** denied."),
        ("os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe')", "is not UTF-8"),
        ("print()", "gave an empty value"),
        ("print('x\\0y')", "holds a NUL character"),
        ("print('x' * 200_000)", "is larger than 100 KB"),
        ("while True: print('x' * 100_000)", "printed more than 1 MB"),
    ],
)
async def test_a_program_that_fails_is_told_without_its_output(project, program, code, what):
    trouble = await project.trouble(f"TOKEN = {{ command = {program(code)} }}")
    assert trouble.what.startswith("TOKEN could not be had: ")
    assert what in trouble.what
    assert SECRET not in f"{trouble}"


async def test_a_program_that_hangs_is_ended_with_all_that_it_started(project, program):
    code = "import subprocess; p = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    code += "open('pids', 'w').write(f'{os.getpid()} {p.pid}')\ntime.sleep(600)"
    trouble = await project.trouble(f"TOKEN = {{ command = {program(code)}, timeout = '1s' }}")
    assert "did not end within 1 seconds" in trouble.what
    assert 'timeout = "2m"' in (trouble.cure or "")
    gone([int(pid) for pid in (project.folder / "pids").read_text().split()])


async def test_a_run_that_is_cancelled_meanwhile_ends_the_programs(project, program):
    os_pid = "open('pids.new', 'w').write(str(os.getpid())); os.rename('pids.new', 'pids')\ntime.sleep(600)"
    command = program(os_pid)
    task = asyncio.create_task(project.resolve(f"TOKEN = {{ command = {command} }}"))
    await asyncio.to_thread(wait_for, project.folder / "pids")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gone([int((project.folder / "pids").read_text())])


async def test_a_program_does_not_outlive_a_server_that_is_killed(project, program):
    command = program("open('pids.new', 'w').write(str(os.getpid())); os.rename('pids.new', 'pids')\ntime.sleep(600)")
    server = f"""
import asyncio, os
from pathlib import Path
from prefect_lens.environment.programs import Programs
asyncio.run(Programs(Path({str(project.folder)!r}), os.environ).run({command}, 600))
"""
    path = os.pathsep.join(path for path in sys.path if path)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", server, env={**os.environ, "PYTHONPATH": path})
    await asyncio.to_thread(wait_for, project.folder / "pids")
    process.kill()
    await process.wait()
    pid = int((project.folder / "pids").read_text())
    await asyncio.to_thread(wait_until_gone, pid)


def wait_until_gone(pid):
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.01)


def wait_for(file):
    while not file.exists():
        time.sleep(0.01)


def gone(pids):
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_program_that_is_not_there_is_told_with_a_cure(project):
    trouble = await project.trouble("TOKEN = { command = ['no-such-program'] }")
    assert trouble.what == "TOKEN could not be had: no-such-program was not found."
    assert "PATH" in (trouble.cure or "")


async def test_each_variable_that_fails_is_told(project):
    found = await project.resolve(
        "A = { command = ['no-such-program'] }\nB = { inherited = 'NOBODY_SET_THIS' }\nC = 'x'"
        "\nD = { dotenv = 'none.env' }"
    )
    assert not isinstance(found, Resolved)
    assert [trouble.what.partition(" ")[0] for trouble in found] == ["A", "B", "D"]


async def test_what_the_person_does_not_give_is_told(project):
    project.answer = None
    assert "was asked for, and not given" in (await project.trouble("A = { editor = 'token' }")).what


async def test_a_value_is_fetched_once_for_as_long_as_it_is_kept(project, program):
    count = program("open('count', 'a').write('x')\nprint('value')")
    variables = f"A = {{ command = {count}, ttl = '1h' }}"
    for _ in range(3):
        await project.values(variables)
    assert (project.folder / "count").read_text() == "x"
    assert project.said == ["fetching A"]
    project.vault.forget()
    await project.values(variables)
    assert (project.folder / "count").read_text() == "xx"


async def test_two_runs_at_once_fetch_a_value_once(project, program):
    count = program("open('count', 'a').write('x')\nprint('value')")
    variables = f"A = {{ command = {count} }}"
    assert await asyncio.gather(project.values(variables), project.values(variables)) == [{"A": "value"}] * 2
    assert (project.folder / "count").read_text() == "x"


async def test_a_token_is_fetched_anew_before_it_ends(project, program):
    def token(seconds):
        claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + seconds}).encode()).decode().rstrip("=")
        return program(f"open('count', 'a').write('x')\nprint('e30.{claims}.c2ln')")

    over, good = token(-5), token(3600)
    for _ in range(2):
        await project.values(f"A = {{ command = {over} }}")
    assert (project.folder / "count").read_text() == "xx"
    for _ in range(2):
        found = await project.resolve(f"B = {{ command = {good} }}")
    assert (project.folder / "count").read_text() == "xxx"
    assert isinstance(found, Resolved)
    assert 3590 < (found.entries[0].expires or 0) - time.time() <= 3600
    assert found.injected(["B"]).expires == (("B", found.entries[0].expires),)


async def test_a_hundred_programs_run_side_by_side(project):
    # The gate is opened when all of them have come to it: with one that waits for another it would stay shut.
    gate = (project.folder / "gate").open("w")
    fcntl.flock(gate, fcntl.LOCK_EX)
    variables = "\n".join(
        f"V{number} = {{ command = ['sh', '-c', 'touch came-{number}; flock -s gate echo value {number}'] }}"
        for number in range(100)
    )
    fetching = asyncio.create_task(project.values(variables))
    while len(list(project.folder.glob("came-*"))) < 100:
        assert not fetching.done()
        await asyncio.sleep(0.02)
    gate.close()
    assert await fetching == {f"V{number}": f"value {number}" for number in range(100)}


async def test_a_credential_that_is_old_or_short_is_told(project):
    (project.folder / ".env").write_text("X=abc\n")
    os.utime(project.folder / ".env", (0, time.time() - 100 * 86400))
    found = await project.resolve("X = { dotenv = '.env' }", "max_age = '90d'")
    assert isinstance(found, Resolved)
    notes = "; ".join(found.entries[0].notes)
    assert "shorter than 6 characters, so that it cannot be masked" in notes
    assert "100 d old, which is more than 90 d (max_age)" in notes


async def test_an_age_is_known_from_whoever_tells_it_and_from_nobody_else(project, program):
    issued = base64.urlsafe_b64encode(json.dumps({"iat": time.time() - 100 * 86400}).encode()).decode().rstrip("=")
    project.environ["PLAIN"] = "a value that says nothing"
    project.since = time.time() - 100 * 86400
    variables = f"""
        TOKEN = {{ command = {program(f"print('e30.{issued}.c2ln')")} }}
        PLAIN = {{ inherited = "PLAIN" }}
        UI = {{ editor = "warehouse token" }}
        YOUNG = {{ editor = "warehouse token", max_age = "200d" }}
    """
    found = await project.resolve(variables, "max_age = '90d'")
    assert isinstance(found, Resolved)
    assert {entry.name for entry in found.entries if "(max_age)" in " ".join(entry.notes)} == {"TOKEN", "UI"}
    assert {entry.name for entry in found.entries if entry.since is None} == {"PLAIN"}
    assert next(line for line in checked(found.entries, found.environment) if "YOUNG" in line).endswith("· 100 d old")
    # It can be asked for afterwards, by the configuration as it is then.
    [(_, source)] = [pair for pair in found.environment.variables if pair[0] == "UI"]
    assert project.vault.too_old(project.folder, found.environment, "UI", source)
    assert not project.vault.too_old(project.folder, replace(found.environment, max_age=None), "UI", source)
    project.vault.forget()
    assert not project.vault.too_old(project.folder, found.environment, "UI", source)


PLUGIN = """
from prefect_lens.environment.provider import Fetched, Provider, ProviderError

class Acme(Provider):
    def address(self, arguments):
        return f"asks Acme for {arguments['path']}"

    async def fetch(self, request):
        if request.text("path") == "bad":
            raise ValueError("the secret is hunter2")
        if request.text("path") == "gone":
            raise ProviderError("Acme has no such path.", "Look at acme ls.")
        return Fetched({request.variable: "from " + request.text("path")})
"""


async def test_another_package_brings_a_provider(project, tmp_path, monkeypatch):
    site = tmp_path / "site"
    (site / "acme_vault-1.0.dist-info").mkdir(parents=True)
    (site / "acme_vault-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-vault\nVersion: 1.0\n"
    )
    (site / "acme_vault-1.0.dist-info" / "entry_points.txt").write_text(
        "[prefect_lens.providers]\nacme-vault = acme_vault_of_the_test:Acme\n"
    )
    (site / "acme_vault_of_the_test.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(site))
    assert await project.values("A = { provider = 'acme-vault', path = 'a/b' }") == {"A": "from a/b"}
    trouble = await project.trouble("A = { provider = 'acme-vault', path = 'gone' }")
    assert (trouble.what, trouble.cure) == ("A could not be had: Acme has no such path.", "Look at acme ls.")
    assert (await project.trouble("A = { provider = 'acme-vault', path = 'bad' }")).message == (
        "A could not be had: The provider failed with ValueError."
    )
    assert "there are: acme-vault" in (await project.trouble("A = { provider = 'other' }")).what
