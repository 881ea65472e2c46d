"""A web server on this machine that serves downloads correctly, slowly, wrongly or not at all."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class _HTTPServer(ThreadingHTTPServer):
    """A server whose connections have no timeout.

    While a download goes on, all new sockets of the process have its timeout. That of the server could pass first.
    """

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        connection.settimeout(None)
        return connection, address


class Server:
    """A web server on loopback that calls `answer` for each request."""

    def __init__(self, answer: Answer) -> None:
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.http = _HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))

    def __enter__(self) -> "Server":
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def send(to: BaseHTTPRequestHandler, content: bytes, size: int | None = None) -> None:
    """Send bytes with `size` as their declared length."""
    to.send_response(200)
    to.send_header("Content-Length", str(size or len(content)))
    to.end_headers()
    to.wfile.write(content)


def login(to: BaseHTTPRequestHandler) -> None:
    """Send the login page of a network, as hotels do for every address."""
    send(to, b"<html>Please log in</html>")


def missing(to: BaseHTTPRequestHandler) -> None:
    """Send the status 404."""
    to.send_error(404)
