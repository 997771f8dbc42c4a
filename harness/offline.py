"""Offline mode: a process that cannot open a connection to another machine.

`forbid_network` uses an audit hook (PEP 578), which CPython calls before every connect, send to an
address and name look-up: in threads, in asyncio, and in libraries that never heard of the harness.
Native code that opens its own sockets is not seen by it; the one such library that the harness uses,
the hub's Rust downloader, is switched off by its own variables, which are set here too. Child processes
inherit those variables, `HARNESS_OFFLINE` among them, but not the hook.

One gap of the hook is closed by hand: a socket that is given a name instead of an address looks the name up
before the hook is called, so the socket's own methods are wrapped as well.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any

from harness.errors import OfflineError, UsageError

__all__ = ["VARIABLE", "forbid_network", "is_offline", "network_forbidden"]

VARIABLE = "HARNESS_OFFLINE"
"""Environment variable that says whether the network is forbidden."""

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})

SWITCHES: Mapping[str, str] = {
    VARIABLE: "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PIP_NO_INDEX": "1",
}
"""What child processes and libraries are told, so that they explain themselves instead of being stopped."""

# AF_UNIX names a file and AF_NETLINK the kernel; neither exists everywhere.
LOCAL_FAMILIES = frozenset(getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK") if hasattr(socket, name))


def is_offline() -> bool:
    """Whether the environment forbids the network.

    Raises:
        UsageError: the variable holds neither a yes nor a no. Guessing "no" would open connections
            for someone who tried to forbid them.
    """
    word = os.environ.get(VARIABLE, "").strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise UsageError(f"{VARIABLE} is {word!r}, which is neither yes nor no. Set it to 1 or to 0.")


def forbid_network() -> None:
    """Refuse every connection to another machine from now until this process ends.

    Loopback addresses, ``localhost`` and Unix sockets stay open. Calling it again changes nothing.
    """
    os.environ.update(SWITCHES)
    _Guard().arm()


@contextmanager
def network_forbidden() -> Iterator[None]:
    """Like `forbid_network`, until the block is left; the environment is put back as it was."""
    before = {name: os.environ.get(name) for name in SWITCHES}
    guard = _Guard()
    os.environ.update(SWITCHES)
    guard.arm()
    try:
        yield
    finally:
        guard.disarm()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class _Guard:
    """One audit hook with its own switch: Python cannot remove a hook, so this one falls silent instead."""

    __slots__ = ("_active", "_before")

    def __init__(self) -> None:
        self._active = False
        self._before: dict[str, Any] = {}

    def arm(self) -> None:
        """Begin to refuse."""
        self._active = True
        sys.addaudithook(self.check)
        for name, place in TAKES_ADDRESS.items():
            self._before[name] = vars(socket.socket).get(name)
            setattr(socket.socket, name, self._checking(name, place))

    def disarm(self) -> None:
        """Stop refusing, and give the socket's methods back."""
        self._active = False
        for name, method in self._before.items():
            delattr(socket.socket, name)
            if method is not None:
                setattr(socket.socket, name, method)

    def check(self, event: str, args: tuple[Any, ...]) -> None:
        """Audit hook; it sees every event of the interpreter, so the common case is one comparison."""
        if not self._active or event not in DESTINATIONS:
            return
        destination = DESTINATIONS[event](args)
        if not _is_here(destination):
            raise OfflineError(
                f"A connection to {_show(destination)} was refused before it was opened: offline mode forbids"
                " the network. Provide what is missing on this machine (the model, the data, a server on"
                f" localhost), or run again without --offline and without {VARIABLE}."
            )

    def _checking(self, name: str, place: int) -> Callable[..., Any]:
        original = getattr(socket.socket, name)

        @wraps(original)
        def checked(sock: socket.socket, *args: Any) -> Any:
            if len(args) > max(place, 0):
                self.check("socket.connect", (sock, args[place]))
            return original(sock, *args)

        return checked


def _of_socket(args: tuple[Any, ...]) -> object:
    """Host that a socket is about to reach; None where the address is not of another machine."""
    sock, address = args[0], args[1]
    if sock.family in LOCAL_FAMILIES or address is None:
        return None
    return address[0] if isinstance(address, tuple) and address else address


def _of_name(args: tuple[Any, ...]) -> object:
    return args[0]


def _of_address(args: tuple[Any, ...]) -> object:
    return args[0][0]


TAKES_ADDRESS: Mapping[str, int] = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
"""Method of a socket → which of its arguments is the address."""

DESTINATIONS: Mapping[str, Callable[[tuple[Any, ...]], object]] = {
    "socket.connect": _of_socket,
    "socket.sendto": _of_socket,
    "socket.sendmsg": _of_socket,
    "socket.getaddrinfo": _of_name,
    "socket.gethostbyname": _of_name,
    "socket.gethostbyaddr": _of_name,
    "socket.getnameinfo": _of_address,
}
"""Audit event → how to read its destination; ``connect_ex`` and asyncio raise these same events."""


def _is_here(host: object) -> bool:
    """Whether ``host`` can only be this machine: no host, loopback, unspecified, or ``localhost``."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    if name is None or name == "":
        return True
    if not isinstance(name, str):
        return False
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    # The unspecified address cannot leave the machine: connecting to it reaches this host or nothing.
    return address.is_loopback or address.is_unspecified


def _show(host: object) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    return repr(text[:200])
