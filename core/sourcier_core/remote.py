"""A running server's API, for commands on the same machine: it owns the index, so they ask it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from sourcier_core.errors import ServerRefused, ServerUnreachable
from sourcier_core.home import RunningServer

SECONDS = 120.0  # an upload's bytes are hashed, a first answer may open a PDF


class RemoteServer:
    """Asks the server with the token that it left for this user."""

    def __init__(self, server: RunningServer) -> None:
        self.address = server.address
        self._client = httpx.Client(
            base_url=server.address,
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=SECONDS,
            trust_env=False,  # a proxy has no business between two processes of one machine
        )

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """GET a JSON object.

        Raises:
            ServerUnreachable: No reply.
            ServerRefused: A reply that is an error.
        """
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST a JSON object; raises as `get` does."""
        return self._ask("POST", path, json=body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """PATCH with a JSON object; raises as `get` does."""
        return self._ask("PATCH", path, json=body)

    def upload(self, path: str, file: Path, fields: Mapping[str, str | list[str]]) -> dict[str, Any]:
        """POST a file as a form; raises as `get` does."""
        with file.open("rb") as source:
            return self.upload_open(path, source, file.name, fields)

    def upload_open(
        self, path: str, source: BinaryIO, name: str, fields: Mapping[str, str | list[str]]
    ) -> dict[str, Any]:
        """POST an open file as a form; raises as `get` does, and what reading it raises."""
        return self._ask("POST", path, data=fields, files={"file": (name, source)})

    def download(self, path: str, body: dict[str, Any], file: Path) -> None:
        """POST a JSON object and write the reply's bytes into a file; raises as `get` does."""
        patient = httpx.Timeout(SECONDS, read=None)  # the first bytes come when a copy is made
        try:
            with (
                self._client.stream("POST", path, json=body, timeout=patient) as response,
                file.open("wb") as target,
            ):
                if response.is_error:
                    detail = json.loads(response.read()).get("error", {})
                    raise ServerRefused(
                        detail.get("code", "unknown"), detail.get("message", response.reason_phrase)
                    )
                for block in response.iter_bytes():
                    target.write(block)
        except (httpx.HTTPError, ValueError) as error:
            raise ServerUnreachable(self.address, str(error) or type(error).__name__) from error

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE what a path names, and return the reply, empty where there is none; raises as `get` does."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **parts)
            body = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise ServerUnreachable(self.address, str(error) or type(error).__name__) from error
        if response.is_error:
            detail = body.get("error", {})
            raise ServerRefused(detail.get("code", "unknown"), detail.get("message", response.reason_phrase))
        result: dict[str, Any] = body
        return result
