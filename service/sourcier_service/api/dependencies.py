"""What routes ask for: the services, and who is asking."""

import hmac
from typing import Annotated

from fastapi import Depends, Request

from sourcier_core.errors import NotAuthenticated
from sourcier_service.access import ANONYMOUS, OPERATOR, Principal
from sourcier_service.generation_work import GenerationWork
from sourcier_service.wiring import Services


def get_services(request: Request) -> Services:
    """Return the services that the app was made with."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


def get_generations(request: Request) -> GenerationWork:
    """Return what builds and swaps the generations."""
    work: GenerationWork = request.app.state.generations
    return work


GenerationsDep = Annotated[GenerationWork, Depends(get_generations)]


def get_principal(request: Request, services: ServicesDep) -> Principal:
    """Recognise the caller by the bearer key; without one, the caller is anonymous.

    Raises:
        NotAuthenticated: A key was sent and is not one of ours.
    """
    header = request.headers.get("authorization", "")
    if not header:
        return ANONYMOUS
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated("The Authorization header is not `Bearer <key>`")
    token: str | None = request.app.state.operator_token
    if token and hmac.compare_digest(secret.strip().encode(), token.encode()):
        return OPERATOR
    key = services.stores.keys.recognise(secret.strip())
    if key is None:
        raise NotAuthenticated("This key is not known here")
    return Principal(key.prefix, key.scopes)


PrincipalDep = Annotated[Principal, Depends(get_principal)]
