"""Whom ActivityWatch's client asks, and what it makes of answers and of none."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from client.errors import SourceUnavailable
from client.sources.activitywatch_server import BucketId, Server
from tests.activitywatch_server import ActivityWatchServer, running


@pytest.fixture
def server() -> Iterator[ActivityWatchServer]:
    with running(ActivityWatchServer()) as started:
        yield started


@pytest.mark.parametrize(
    "address",
    [
        "http://192.168.1.5:5600",
        "http://example.org:5600",
        "http://localhost.example.org:5600",
        "http://localhost@example.org:5600",
        "http://0.0.0.0:5600",
        "https://localhost:5600",
        "http://localhost:5600/api",
        "http://localhost:5600?a=b",
        "http://user@localhost:5600",
        "http://localhost:99999",
        "http://[::1",
        "localhost:5600",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_this_computer_is_asked(address: str) -> None:
    with pytest.raises(SourceUnavailable, match="asked on this computer only") as caught:
        Server(address)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "LOCALHOST"])
def test_a_loopback_address_is_asked_with_a_host_that_it_accepts(
    server: ActivityWatchServer, name: str
) -> None:
    assert Server(f"http://{name}:{server.port}/").info()["version"] == "v0.12.0"


def test_a_proxy_is_not_asked(server: ActivityWatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Server(server.address).info()["version"] == "v0.12.0"


def test_a_redirection_is_not_followed(server: ActivityWatchServer) -> None:
    server.instead["info"] = 302, b""
    with pytest.raises(SourceUnavailable, match="is not ActivityWatch"):
        Server(server.address).info()
    assert server.asked == ["/api/0/info"]


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SourceUnavailable, match=f"no ActivityWatch runs at .*:{port}: start it"):
        Server(f"http://localhost:{port}").info()


def test_somebody_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        server = Server(f"http://localhost:{port}", patience=timedelta(milliseconds=50))
        with pytest.raises(SourceUnavailable, match="does not answer: restart it"):
            server.info()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>It works!</html>"),
        (200, b'{"name": "another program"}'),
        (200, b"null"),
        (404, b'{"hostname": "a", "version": "b"}'),
        (500, b""),
    ],
)
def test_another_program_at_its_port(server: ActivityWatchServer, status: int, body: bytes) -> None:
    server.instead["info"] = status, body
    with pytest.raises(SourceUnavailable, match="is not ActivityWatch") as caught:
        Server(server.address).info()
    assert caught.value.__context__ is None


def test_another_program_that_speaks_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            other, _ = listener.accept()
            with other:
                other.recv(4096)
                other.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(SourceUnavailable, match="is not ActivityWatch"):
            Server(f"http://localhost:{listener.getsockname()[1]}").info()
        thread.join()


def test_the_key_opens_the_buckets_and_is_in_no_error(server: ActivityWatchServer) -> None:
    server.key = "the-key"
    assert Server(server.address, "the-key\n").buckets() == {}
    with pytest.raises(SourceUnavailable, match="wants an API key") as missing:
        Server(server.address).buckets()
    with pytest.raises(SourceUnavailable, match="does not take this API key") as wrong:
        Server(server.address, "another-key").buckets()
    assert "another-key" not in repr(wrong.value)
    assert missing.value.__context__ is wrong.value.__context__ is None


@pytest.mark.parametrize("key", ["a\r\nX-Header: b", "schlüssel"])
def test_a_key_that_is_none_is_refused_without_it(key: str) -> None:
    with pytest.raises(SourceUnavailable, match="a character that no key has") as caught:
        Server(key=key)
    assert key not in str(caught.value)


def test_the_name_of_a_bucket_cannot_lead_elsewhere(server: ActivityWatchServer) -> None:
    server.bucket("../../info?a=b", "afkstatus", "desk")
    assert Server(server.address).events(BucketId("../../info?a=b"), limit="1") == []


@pytest.mark.parametrize("body", [b"[]", b'{"a": 1}', b"{"])
def test_buckets_of_another_form(server: ActivityWatchServer, body: bytes) -> None:
    server.instead["buckets"] = 200, body
    with pytest.raises(SourceUnavailable, match="version may be too new or too old"):
        Server(server.address).buckets()
