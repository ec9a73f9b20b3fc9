"""What stands in for the places where secrets live: servers on loopback, and a keyring in a folder."""

import contextlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

VARIABLE = "PREFECT_LENS_TEST_PROVIDERS_PYTHON"
EXCHANGE = "PREFECT_LENS_TEST_EXCHANGE_PYTHON"

ROLE = "arn:aws:iam::123456789012:role/etl-test"


def providers_python() -> str:
    """An interpreter with boto3, keyring and the servers that stand in for those on the network."""
    if not (found := os.environ.get(VARIABLE)):
        pytest.skip(f"{VARIABLE} names no interpreter that has boto3 and keyring")
    return found


def with_providers(python: str, folder: Path) -> str:
    """An interpreter that has what another one has, and what `providers_python` has, too."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    [site] = (folder / "lib").glob("python3.*/site-packages")
    others = [next(Path(one).parents[1].glob("lib/python3.*/site-packages")) for one in (python, providers_python())]
    (site / "others.pth").write_text("".join(f"{other}\n" for other in others))
    return str(folder / "bin" / "python")


@contextlib.contextmanager
def sts(python: str) -> Iterator[dict[str, str]]:
    """A server that gives roles; what in the environment makes AWS' libraries ask it."""
    port = _free_port()
    with _serving([python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]):
        yield {
            "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextlib.contextmanager
def issuer(python: str, folder: Path, word: str = "by-post") -> Iterator[str]:
    """A real provider of tokens; its client `posts` has the secret `word` and sends it in the body."""
    subprocess.run([python, "-m", "nanoidp", "init"], cwd=folder, check=True, capture_output=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    settings = folder / "config" / "settings.yaml"
    client = f"    - {{client_id: posts, client_secret: {word}, token_endpoint_auth_method: client_secret_post}}\n"
    text = settings.read_text().replace("http://localhost:8000", url)
    settings.write_text(text.replace("  clients:\n", f"  clients:\n{client}"))
    with _serving([python, "-m", "nanoidp", "--port", str(port), "--config", "config"], folder):
        yield url


@contextlib.contextmanager
def exchange(folder: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A real server that exchanges tokens, and two clients of it with their secrets."""
    if not (python := os.environ.get(EXCHANGE)):
        pytest.skip(f"{EXCHANGE} names no interpreter that has a server which exchanges tokens")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    program, environ = Path(python).with_name("authgent-server"), {"AUTHGENT_SERVER_URL": url, "COLUMNS": "300"}
    env = {**os.environ, **environ}
    subprocess.run([program, "init"], cwd=folder, env=env, check=True, capture_output=True)
    clients: list[tuple[str, str]] = []
    for name in ("first", "second"):
        create = [program, "create-agent", "--name", name, "--scopes", "etl"]
        said = subprocess.run(create, cwd=folder, env=env, check=True, capture_output=True, text=True).stdout
        [client], [secret] = (set(re.findall(pattern, said)) for pattern in (r"agnt_[\w-]+", r"sec_[\w-]+"))
        clients.append((client, secret))
    with _serving([str(program), "run", "--host", "127.0.0.1", "--port", str(port)], folder, env):
        yield url, clients


def keyring_of(folder: Path) -> dict[str, str]:
    """What in the environment makes a folder the keyring, which everybody can read."""
    return {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring", "XDG_DATA_HOME": str(folder)}


def put_into_keyring(python: str, environ: Mapping[str, str], service: str, user: str, value: str) -> None:
    """Put an entry into a keyring."""
    put = "import keyring, sys; keyring.set_password(*sys.argv[1:])"
    subprocess.run([python, "-c", put, service, user, value], env={**os.environ, **environ}, check=True)


@contextlib.contextmanager
def _serving(argv: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd, env=env)
    try:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "running on" in line.lower():
                break
        else:
            raise AssertionError("".join(said))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
