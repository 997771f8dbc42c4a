"""Who may read as what: people log in where the owner keeps them, by OpenID Connect, and a claim gives them a role.

Streamlit does the protocol (OpenID Connect Core 1.0, authorization code flow). What a role may see is held where files
are read, in `harness.query`; who has none sees nothing.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.query import Role, UsageError

__all__ = ["Login", "named", "read_login", "role_of", "secrets"]

SHORTEST = 32
"""Characters of the secret that signs cookies: whoever can guess it can be anybody."""
CALLBACK = "/oauth2callback"


class Login(BaseModel):
    """The file that ``--login`` names.

    Attributes:
        client_id: Of this dashboard, where people are kept.
        client_secret_env: Environment variable with the secret that belongs to it.
        server_metadata_url: Where that place describes itself: ``https://…/.well-known/openid-configuration``.
        redirect_uri: Where browsers reach this dashboard, ending in ``/oauth2callback``.
        cookie_secret_env: Environment variable with a long random secret that signs cookies.
        claim: Of the identity that decides: ``email``, or a list such as ``groups``.
        roles: Values of the claim by role. The highest role counts that any value gives.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1)
    client_secret_env: str = Field(min_length=1)
    server_metadata_url: str = Field(pattern=r"^https?://")
    redirect_uri: str = Field(pattern=rf"^https?://.*{CALLBACK}$")
    cookie_secret_env: str = Field(min_length=1)
    claim: str = "email"
    roles: Mapping[Role, tuple[str, ...]] = Field(min_length=1)

    @property
    def host(self) -> str:
        """The name by which browsers reach this dashboard."""
        return urlsplit(self.redirect_uri).hostname or ""


@lru_cache
def read_login(path: Path) -> Login:
    """Read a file of ``[login]``.

    Raises:
        UsageError: it cannot be read, or says something else.
    """
    try:
        return Login.model_validate(tomllib.loads(path.read_text("utf-8"))["login"])
    except KeyError:
        raise UsageError(f"{path}: there is no table [login]. docs/login.md shows one.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: login.{where}: {first['msg']}. docs/login.md says what belongs there.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {error}.") from error


def secrets(login: Login) -> dict[str, Any]:
    """What Streamlit wants to know, with the two secrets from the environment.

    Raises:
        UsageError: a secret is not there, or the one of cookies is short.
    """
    found = {name: os.environ.get(name, "") for name in (login.client_secret_env, login.cookie_secret_env)}
    absent = [name for name, value in found.items() if not value]
    if absent:
        raise UsageError(f"{' and '.join(absent)} must be in the environment: secrets are never read from a file.")
    if len(found[login.cookie_secret_env]) < SHORTEST:
        raise UsageError(f"{login.cookie_secret_env} must have at least {SHORTEST} random characters.")
    return {
        "auth": {
            "client_id": login.client_id,
            "client_secret": found[login.client_secret_env],
            "server_metadata_url": login.server_metadata_url,
            "redirect_uri": login.redirect_uri,
            "cookie_secret": found[login.cookie_secret_env],
        }
    }


def role_of(login: Login, claims: Mapping[str, Any]) -> Role | None:
    """The highest role that the claims give; None for none. An address counts only where its owner has proved it."""
    if login.claim == "email" and claims.get("email_verified") is not True:
        return None
    value = claims.get(login.claim)
    held = {value} if isinstance(value, str) else {one for one in value or () if isinstance(one, str)}
    given = [role for role in Role if held & set(login.roles.get(role, ()))]
    return given[-1] if given else None


def named(claims: Mapping[str, Any]) -> str:
    """By what somebody is written down: the address, or what the place calls them."""
    return str(claims.get("email") or f"{claims.get('iss', '')} {claims.get('sub', '')}".strip() or "unknown")
