"""Probes."""

from fastapi import APIRouter
from starlette.responses import Response

from api.deps import ServicesDep, TurnDep
from api.probes import check_readiness
from api.schemas import Alive, Ready

router = APIRouter(tags=["operation"])


@router.get("/livez")
async def show_liveness() -> Alive:
    """Return whether the process answers. It asks nobody else."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Some part is not well; it is named."}},
)
async def show_readiness(services: ServicesDep, turn: TurnDep) -> Response:
    """Return whether uploads can be taken and what would stop a job, part by part."""
    return await check_readiness(services, turn)
