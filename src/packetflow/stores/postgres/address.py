"""Where a PostgreSQL store is: an address whose password is told to nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

SCHEMES: Final = ("postgresql", "postgres")
_HOST: Final = r"(\[[0-9a-fA-F:.]+\]|[^:,\[\]]*)(:\d+)?"
_PLACE: Final = re.compile(f"{_HOST}(,{_HOST})*")
"""Hosts with their ports; there may be several, of which the driver takes the first that fits."""


@dataclass(frozen=True, slots=True)
class Address:
    """A database's address, as `str()` and `repr()` show it: without password and options."""

    dsn: str = field(repr=False)
    """As the driver takes it: `postgresql://user:password@host:port/database?options`."""
    shown: str
    """User, host, port and database, for people."""
    secrets: tuple[str, ...] = field(repr=False, default=())
    """What must not be told, as it is written in the address and as it is meant."""

    @classmethod
    def read(cls, dsn: str) -> Address:
        """Read an address; raises ValueError, without repeating it, when it is none."""
        try:
            parts = urlsplit(dsn)
            options = parse_qs(parts.query)
        except ValueError:
            raise _wrong() from None  # its text may hold a part of the password
        place = parts.netloc.rpartition("@")[2]
        if parts.scheme not in SCHEMES or "@" in (parts.path + parts.query) or not _PLACE.fullmatch(place):
            raise _wrong()
        user = unquote(parts.username or "") or _last(options.get("user", ()))
        place = place or _last(options.get("host", ()))
        database = unquote(parts.path.removeprefix("/")) or _last(options.get("dbname", options.get("database", ())))
        written = [parts.password or "", *options.get("password", ()), *options.get("sslpassword", ())]
        secrets = tuple({secret for each in written for secret in (each, unquote(each)) if secret})
        return cls(dsn, f"postgresql://{user}{'@' * bool(user)}{place}/{database}", secrets)

    def hidden(self, text: str) -> str:
        """Give a text without the password, should it hold it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def __str__(self) -> str:
        """Give what people may see."""
        return self.shown


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _wrong() -> ValueError:
    return ValueError(
        "a PostgreSQL store needs an address such as 'postgresql://user@host:5432/database'; "
        "letters with a meaning in addresses, as @ : / ? # in a password, are written as %40 %3A %2F %3F %23"
    )
