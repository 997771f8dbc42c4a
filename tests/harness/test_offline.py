"""Offline means that no connection to another machine is even tried."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from harness.errors import OfflineError, UsageError
from harness.offline import is_offline, network_forbidden

# TEST-NET-1 of RFC 5737: never assigned, so even an unguarded connect reaches nobody.
ELSEWHERE = "192.0.2.1"


@pytest.fixture
def server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize("host", [ELSEWHERE, "some.host.invalid", "10.0.0.1", "127.1"])
def test_a_connect_to_elsewhere_is_refused_by_name(method, host):
    refused = pytest.raises(OfflineError, match=f"'{host}' was refused.*without --offline")
    with network_forbidden(), socket.socket() as sock, refused:
        getattr(sock, method)((host, 80))


def test_ipv6_is_judged_by_address():
    with network_forbidden(), socket.socket(socket.AF_INET6) as sock:
        for host in ("2001:db8::1", "::ffff:192.0.2.1", "fe80::1"):
            with pytest.raises(OfflineError, match="was refused"):
                sock.connect((host, 80, 0, 0))


def test_a_datagram_to_elsewhere_is_refused():
    with network_forbidden(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for host in (ELSEWHERE, "some.host.invalid"):
            with pytest.raises(OfflineError):
                sock.sendto(b"x", (host, 53))
            with pytest.raises(OfflineError):
                sock.sendto(b"x", 0, (host, 53))
            with pytest.raises(OfflineError):
                sock.sendmsg([b"x"], [], 0, (host, 53))


@pytest.mark.parametrize(
    "look_up",
    [
        lambda: socket.getaddrinfo("some.host.invalid", 443),
        lambda: socket.getaddrinfo(b"some.host.invalid", 443),
        lambda: socket.gethostbyname("some.host.invalid"),
        lambda: socket.gethostbyname_ex("some.host.invalid"),
        lambda: socket.gethostbyaddr(ELSEWHERE),
        lambda: socket.getnameinfo((ELSEWHERE, 80), 0),
        lambda: socket.create_connection(("some.host.invalid", 443)),
    ],
)
def test_a_name_look_up_is_refused(look_up):
    with network_forbidden(), pytest.raises(OfflineError):
        look_up()


def test_loopback_and_unix_sockets_stay_open(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a Unix socket's path has to be short
    with network_forbidden():
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server)).close()
        assert socket.getaddrinfo("::1", 80)
        assert socket.getaddrinfo(None, 80)
        with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as sock:
            listening.bind("s")
            listening.listen()
            sock.connect("s")
        one, other = socket.socketpair()
        one.sendmsg([b"x"])
        assert other.recv(1) == b"x"
        one.close()
        other.close()


def test_asyncio_is_held_to_it_and_may_use_loopback(server):
    async def reach(host: str, port: int) -> None:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()

    with network_forbidden():
        asyncio.run(reach("127.0.0.1", server))
        for host in (ELSEWHERE, "some.host.invalid"):
            with pytest.raises(OfflineError):
                asyncio.run(reach(host, 80))


def test_other_threads_are_held_to_it():
    refused: list[BaseException] = []

    def reach() -> None:
        try:
            socket.create_connection((ELSEWHERE, 80), timeout=0.1)
        except OfflineError as error:
            refused.append(error)

    with network_forbidden():
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_aiohttp_is_held_to_it():
    aiohttp = pytest.importorskip("aiohttp")

    async def fetch() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"http://{ELSEWHERE}/"):
            pass

    with network_forbidden(), pytest.raises(OfflineError, match=ELSEWHERE):
        asyncio.run(fetch())


def test_leaving_the_block_gives_socket_and_environment_back(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HARNESS_OFFLINE", "0")
    with network_forbidden():
        assert is_offline()
        assert {os.environ[name] for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")} == {"1"}
    assert "HF_HUB_OFFLINE" not in os.environ
    assert os.environ["HARNESS_OFFLINE"] == "0"
    assert not {"connect", "connect_ex", "sendto", "sendmsg"} & set(vars(socket.socket))
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((ELSEWHERE, 80))  # an error number, no refusal


def test_a_process_that_forbade_the_network_never_gets_it_back():
    script = (
        "import socket\n"
        "from harness.offline import forbid_network, network_forbidden\n"
        "forbid_network(); forbid_network()\n"
        "with network_forbidden(): pass\n"
        "socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "harness.errors.OfflineError: A connection to '192.0.2.1' was refused" in ran.stderr


def test_child_processes_are_told():
    script = "from harness.offline import is_offline; import os; print(is_offline(), os.environ['PIP_NO_INDEX'])"
    with network_forbidden():
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "1"]


@pytest.mark.parametrize(
    ("word", "offline"),
    [("1", True), ("true", True), ("YES", True), (" on ", True), ("", False), ("0", False), ("No", False)],
)
def test_the_variable_is_read_as_yes_or_no(monkeypatch, word, offline):
    monkeypatch.setenv("HARNESS_OFFLINE", word)
    assert is_offline() is offline


def test_a_word_that_is_neither_is_refused_and_not_taken_for_no(monkeypatch):
    monkeypatch.setenv("HARNESS_OFFLINE", "offline")
    with pytest.raises(UsageError, match=r"HARNESS_OFFLINE is 'offline'.*Set it to 1 or to 0"):
        is_offline()
