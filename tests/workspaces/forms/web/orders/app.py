from contextlib import asynccontextmanager

from fastapi import FastAPI

from orders.routes import people, router
from orders.tasks import check, connect, report


@asynccontextmanager
async def lifespan(app):
    connect.fn()
    yield


def run_report():
    return report.fn()


def create_app(debug=False):
    app = FastAPI(lifespan=lifespan, debug=debug)
    app.include_router(router)
    app.include_router(people, prefix="/api/v1")

    @app.get("/health")
    def health():
        return check.fn()

    app.add_api_route("/report", run_report, methods=["POST"])
    return app


application = create_app()
