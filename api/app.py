"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI

from api import (
    batch_routes,
    conversion_routes,
    job_list_routes,
    key_pages,
    list_pages,
    manifest,
    pages,
    reference,
    routes,
    system,
    tus_routes,
    word_routes,
)
from api.allowed_hosts import AllowedHosts
from api.compression import PagesCompressed
from api.cross_origin import CrossOrigin, parse_origins
from api.document import make_openapi
from api.forwarded import Forwarded, Proxies
from api.gate import admit_caller
from api.handlers import add_handlers
from api.middleware import HeadAsGet, Observed
from api.origins import HostList
from api.page_shell import make_templates
from api.patience import Patient
from api.rate_headers import QuotasTold
from api.safe_answers import SafeAnswers
from api.services import running_services
from api.settings import ApiSettings
from api.static_files import DIRECTORY, OurFiles


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
    _add_routes(app)
    # FastAPI's own way to replace the document.
    app.openapi = make_openapi(app, keys=settings.auth == "keys")  # type: ignore[method-assign]
    return app


def _add_middleware(app: FastAPI, settings: ApiSettings) -> None:
    """Add them from the innermost to the outermost."""
    app.add_middleware(Patient)
    app.add_middleware(HeadAsGet)
    app.add_middleware(QuotasTold)
    if settings.allowed_hosts:
        app.add_middleware(AllowedHosts, hosts=HostList.parse(settings.allowed_hosts))
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=parse_origins(settings.cors_origins))
    app.add_middleware(PagesCompressed)
    app.add_middleware(Observed, everything=settings.log_requests == "all")
    app.add_middleware(Forwarded, proxies=Proxies.parse(settings.forwarded_allow_ips), root_path=settings.root_path)
    app.add_middleware(SafeAnswers)


def _add_routes(app: FastAPI) -> None:
    routers = [
        routes.router,
        batch_routes.router,
        job_list_routes.router,
        conversion_routes.router,
        tus_routes.router,
        pages.router,
        list_pages.router,
        key_pages.router,
        word_routes.router,
        manifest.router,
        reference.router,
        system.router,
    ]
    for router in routers:
        app.include_router(router)
    app.mount(OurFiles.route, OurFiles(directory=DIRECTORY))
