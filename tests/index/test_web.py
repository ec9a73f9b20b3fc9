"""A test's client of a web application comes to the routes that it asks for. FastAPI's are among the traced forms."""

from tests.checking import check


def test_routes_of_flask_are_found_by_their_paths():
    check("""
    #- jobs.py
    from prefect import task
    @task
    def one(): ...
    #   ^^^ task: test_blueprint, test_put_together, test_unknown
    @task
    def two(): ...
    #   ^^^ task: test_rule, test_unknown
    @task
    def three(): ...
    #   ^^^^^ task: test_three, test_within
    @task
    def four(): ...
    #   ^^^^ task: test_files, test_unknown
    #- pages.py
    from flask import Blueprint, Flask
    from jobs import four, one, three, two
    blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")
    @blueprint.route("/one/<int:number>")
    def run_one(number): return one()
    def run_two(): return two()
    def create_app():
        app = Flask(__name__)
        app.register_blueprint(blueprint)
        app.add_url_rule("/two", view_func=run_two)
        @app.post("/three")
        def run_three(): return three()
        @app.get("/files/<path:name>")
        def run_four(name): return four()
        return app
    #- test_pages.py
    import pytest
    from pages import create_app
    @pytest.fixture
    def client():
        return create_app().test_client()
    def test_blueprint(client): client.get("/jobs/one/3")
    def test_put_together(client, number): client.get(f"/jobs/one/{number}?quick=1")
    def test_rule(client): client.get("/two")
    def test_three(client): client.post("/three")
    def test_another_verb(client): client.get("/three")
    def test_within():
        with create_app().test_client() as client: client.post("/three/")
    def test_files(client): client.get("/files/a/b.txt")
    def test_nothing(client): client.get("/jobs/one")
    def test_unknown(client, path): client.get(path)
    """)


def test_a_route_of_which_less_is_known_answers_to_any_request():
    check("""
    #- jobs.py
    from prefect import task
    @task
    def one(): ...
    #   ^^^ task: test_odd, test_one
    @task
    def before(): ...
    #   ^^^^^^ task: test_odd, test_one, test_other
    @task
    def named(): ...
    #   ^^^^^ task: test_odd, test_one, test_other
    #- api.py
    import paths
    from fastapi import FastAPI
    from jobs import before, named, one
    app = FastAPI()
    @app.middleware("http")
    async def check(request, call_next): before()
    @app.get("/one")
    def run_one(): one()
    @app.get(paths.NAMED)
    def run_named(): named()
    #- test_api.py
    from api import app
    from starlette.testclient import TestClient
    client = TestClient(app)
    def test_one(): client.get("/one")
    def test_other(): client.get("/other")
    def test_odd(): client.get("http://[/one")
    def test_none(): client.close()
    """)


def test_what_stands_in_for_a_client_asks_no_application():
    check("""
    #- api.py
    from fastapi import FastAPI
    from prefect import flow
    app = FastAPI()
    @flow
    def etl(): ...
    #   ^^^ flow:
    @app.get("/etl")
    def run(): etl()
    #- test_api.py
    from unittest.mock import Mock
    import httpx
    from api import app
    def test_mock(): Mock(app).get("/etl")
    def test_another_machine(): httpx.get("https://example.org/etl")
    """)
