"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from os import PathLike, stat_result
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import (
    batch_routes,
    conversion_routes,
    job_list_routes,
    key_pages,
    pages,
    reference,
    routes,
    system,
    tus_routes,
)
from api.allowed_hosts import AllowedHosts
from api.cross_origin import CrossOrigin, parse_origins
from api.document import make_openapi
from api.forwarded import Forwarded, Proxies
from api.gate import admit_caller
from api.handlers import add_handlers
from api.middleware import HeadAsGet, Observed
from api.origins import HostList
from api.rate_headers import QuotasTold
from api.services import running_services
from api.settings import ApiSettings
from api.views import make_templates

STATIC = Path(__file__).parent / "static"


def create_app(settings: ApiSettings) -> FastAPI:
    """Make the ASGI application. It makes its connections when it starts, and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="imagemill",
        version=version("imagemill"),
        lifespan=lifespan,
        dependencies=[Depends(admit_caller)],
        redirect_slashes=False,
        # The document names its server relative to itself.
        root_path_in_servers=False,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.templates = make_templates()
    _add_middleware(app, settings)
    add_handlers(app)
    _add_routes(app, settings)
    # FastAPI's own way to replace the document.
    app.openapi = make_openapi(app, keys=settings.auth == "keys")  # type: ignore[method-assign]
    return app


def _add_middleware(app: FastAPI, settings: ApiSettings) -> None:
    """Add them from the innermost to the outermost."""
    app.add_middleware(HeadAsGet)
    app.add_middleware(QuotasTold)
    if settings.allowed_hosts:
        app.add_middleware(AllowedHosts, hosts=HostList.parse(settings.allowed_hosts))
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=parse_origins(settings.cors_origins))
    app.add_middleware(Observed)
    app.add_middleware(Forwarded, proxies=Proxies.parse(settings.forwarded_allow_ips), root_path=settings.root_path)


def _add_routes(app: FastAPI, settings: ApiSettings) -> None:
    routers = [
        routes.router,
        batch_routes.router,
        job_list_routes.router,
        conversion_routes.router,
        tus_routes.router,
        pages.router,
        key_pages.router,
        reference.router,
        system.router,
    ]
    if not settings.metrics_port:
        routers.append(system.metrics_router)
    for router in routers:
        app.include_router(router)
    app.mount(_Static.route, _Static(directory=STATIC))


class _Static(StaticFiles):
    """Static files: a browser may keep them for an hour, then it asks again."""

    route = "/static"

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
