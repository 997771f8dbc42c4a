"""A place where people are kept, on loopback: the few answers of OpenID Connect that a login needs."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from typing import Self
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route


def new_key() -> RSAKey:
    """A key by the only name that there is."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """Whoever comes is ``claims``, signed with ``signs_with``; change both between two logins."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.claims: dict[str, object] = {}
        self.shown = self.signs_with = new_key()
        self.nonces: dict[str, str] = {}
        routes = [
            Route("/.well-known/openid-configuration", self.about),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/keys", self.keys),
        ]
        config = uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_config=None)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)

    def about(self, request):
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def authorize(self, request):
        code = secrets.token_urlsafe()
        self.nonces[code] = request.query_params["nonce"]
        back = urlencode({"code": code, "state": request.query_params["state"]})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{back}")

    async def token(self, request):
        form = await request.form()
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(given).decode() != "harness:client-secret":
            return JSONResponse({"error": "invalid_client"}, 401)
        now = int(time.time())
        told = {"iss": self.issuer, "aud": "harness", "sub": "7", "iat": now, "exp": now + 600}
        its = {**told, "nonce": self.nonces.pop(str(form["code"])), **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, its, self.signs_with)
        return JSONResponse(
            {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 600, "id_token": signed}
        )

    def keys(self, request):
        return JSONResponse({"keys": [self.shown.as_dict(private=False)]})
