"""What the API keeps of its answers is what it would answer."""

import asyncio

import pytest
from pytest_prefect_lens.remembered import Remembered


@pytest.fixture
def ask():
    """Ask an application that counts how often it was asked."""
    asked = 0

    async def app(_scope, _receive, send):
        nonlocal asked
        asked += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(asked).encode()})

    remembered = Remembered(app)

    def ask(method, path):
        said = []

        async def send(message):
            said.append(message)

        asyncio.run(remembered({"type": "http", "method": method, "path": path}, None, send))
        return int(said[-1]["body"])

    ask.remembered = remembered
    return ask


def test_where_results_are_kept_is_looked_up_once(ask):
    assert [ask("GET", "/api/admin/storage") for _ in range(3)] == [1, 1, 1]
    assert [ask("GET", "/api/flows/1") for _ in range(2)] == [2, 3]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/admin/storage"), ("POST", "/api/admin/database/clear"), ("DELETE", "/api/block_documents/1")],
)
def test_it_is_looked_up_again_when_it_may_have_changed(ask, method, path):
    assert ask("GET", "/api/admin/storage") == 1
    ask(method, path)
    assert ask("GET", "/api/admin/storage") == 3


def test_it_is_looked_up_again_in_another_database(ask):
    assert ask("GET", "/api/admin/storage") == 1
    ask.remembered.forget()
    assert ask("GET", "/api/admin/storage") == 2
