import anyio
import httpx
import pytest
from fastapi.testclient import TestClient

from orders.app import application, create_app

shared = TestClient(application)


@pytest.fixture
def app():
    return create_app(debug=True)


@pytest.fixture
def client(app):
    return TestClient(app)


def test_one(client):
    assert client.get("/orders/3").json() == 3


def test_one_more(client):
    number = int("3")
    assert client.get(f"/orders/{number}").status_code == 200


def test_add(client):
    assert client.post("/orders/").status_code == 202


def test_ship(client):
    assert client.post("/orders/4/ship").json() == 4


def test_called_back():
    assert shared.delete("/orders/4/ship").json() == []


def test_person():
    assert shared.request("GET", "/api/v1/people/ann").json() == "hello"


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/api/v1/people/bob?full=1", 200)])
def test_paths(client, path, status):
    assert client.get(url=path).status_code == status


def test_report(client):
    assert client.post("/report").json() is True


def test_it_starts(app):
    with TestClient(app) as client:
        assert client.get("/docs").status_code == 200


def test_from_a_coroutine():
    async def ask():
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            return await client.get("/health")

    assert anyio.run(ask).json() is True


def test_another_answer_than_ours(monkeypatch):
    monkeypatch.setattr(httpx, "get", lambda url: None)
    assert httpx.get("/health") is None
