"""Where a server listens, and who may talk to it."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Final

from packetflow._core.errors import DeclarationError

PORT: Final = 4000
BODY_LIMIT: Final = 1 << 20
"""Bytes in the body of a request, at most."""

_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
SHORTEST_SECRET: Final = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Address and protection of one server.

    On a loopback address a request without a token acts as the local owner, unless there is a secret. On any other
    address every request must carry the secret, and its Host must be one of `allowed_hosts`; a server that lacks either
    does not start.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    secret: str | None = field(default=None, repr=False)
    """What a request carries as `Authorization: Bearer <secret>`; at least 16 characters."""
    allowed_hosts: tuple[str, ...] = ()
    """Names in the Host header that are ours, besides localhost, 127.0.0.1 and ::1 on a loopback address."""

    def __post_init__(self) -> None:
        """Raise DeclarationError for what would be open to everybody."""
        if self.secret is not None and len(self.secret) < SHORTEST_SECRET:
            message = f"the secret must have at least {SHORTEST_SECRET} characters; `openssl rand -hex 32` makes one"
            raise DeclarationError(message)
        if self.loopback:
            return
        lacking = [
            *([] if self.secret else ["a secret (PACKETFLOW_SECRET)"]),
            *([] if self.allowed_hosts else ["the names it is reached by (--allowed-host)"]),
        ]
        if lacking:
            message = f"{self.host!r} can be reached from other machines: that needs {' and '.join(lacking)}"
            raise DeclarationError(message)

    @classmethod
    def from_environment(
        cls, *, host: str | None = None, port: int | None = None, allowed_hosts: tuple[str, ...] = ()
    ) -> Settings:
        """Take what is not given from PACKETFLOW_HOST, _PORT, _SECRET and _ALLOWED_HOSTS (separated by commas)."""
        named = os.environ.get("PACKETFLOW_ALLOWED_HOSTS", "")
        given = os.environ.get("PACKETFLOW_PORT", str(PORT))
        if not given.isdecimal():
            message = f"PACKETFLOW_PORT is {given!r}, not a number"
            raise DeclarationError(message)
        return cls(
            host=host or os.environ.get("PACKETFLOW_HOST") or "127.0.0.1",
            port=int(given) if port is None else port,
            secret=os.environ.get("PACKETFLOW_SECRET") or None,
            allowed_hosts=allowed_hosts or tuple(name.strip() for name in named.split(",") if name.strip()),
        )

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the address."""
        return is_loopback(self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """Every name in the Host header that is ours."""
        own = (*LOCAL_NAMES, self.host) if self.loopback else ()
        return frozenset(name.lower() for name in (*own, *self.allowed_hosts))

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the server."""
        host = "localhost" if self.host in LOCAL_NAMES else f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether an address, or `localhost`, is this machine's own."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def host_name(host: str) -> str | None:
    """Give the name in a Host header without its port, in lower case; None when it is malformed."""
    found = _HOST.fullmatch(host.lower())
    return found["name"].strip("[]") if found else None
