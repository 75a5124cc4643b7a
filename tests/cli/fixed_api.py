"""A server that answers every request alike."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import Result

from tests.cli.command_line import run
from tests.support.http_server import TOKEN


class Api(ThreadingHTTPServer):
    """Answers every request with one status, one set of headers and one body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: object = None

    def list(self, *records: dict[str, Any]) -> None:
        """Answer with one page of records."""
        pagination = {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": len(records)}
        self.body = {"results": records, "pagination": pagination}

    def run(self, *arguments: str | Path, **variables: str) -> Result:
        """Run a command against this server."""
        return run(*arguments, **self.variables, **variables)

    @property
    def variables(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.server_address[1]}"
        return {"SESSIONBOARD_BASE_URL": address, "SESSIONBOARD_TOKEN": TOKEN}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Api)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(server.body, ensure_ascii=False).encode()
        # Without a date, which the test sets where it matters.
        self.send_response_only(server.status)
        for name, value in {**server.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815  # the names that the base class calls

    def log_message(self, *_: object) -> None:
        """Log nothing."""
