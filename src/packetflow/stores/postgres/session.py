"""A connection that owns the store: the server gives the lock to one at a time, and takes it back when it dies.

Every commit goes through the connection that holds the lock. So no commit can come from a process that has lost it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from typing import TYPE_CHECKING, Final

import asyncpg

from packetflow._core.errors import StoreUnavailable
from packetflow.stores.postgres import statements
from packetflow.stores.postgres.address import Address

if TYPE_CHECKING:
    from asyncpg import Connection

SCHEMA: Final = "0002"
"""The newest revision under `migrations/versions`."""
KNOWN: Final = frozenset({"0001", SCHEMA})
OLDEST: Final = 15
"""The first version of PostgreSQL that is supported."""
LOCK: Final = 0x506B466C
"""Marks our advisory locks: "PkFl" in ASCII. One for each schema of a database."""
GRACE: Final = 5
GRACE_SECONDS: Final = 0.25
"""How often the lock is asked for before its owner is told of, and over how long: the owner may just be ending."""
CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 60
"""How long a statement may take before the connection is given up."""

# Plans are made once, for statements that look up single rows: what an empty table suggests must not lead them astray.
_WRITING: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_EVERY: Final = {
    "jit": "off",
    "client_encoding": "UTF8",
    "idle_in_transaction_session_timeout": "60s",
    # The server notices within half a minute that the other machine is gone, and gives the lock to the next.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_FACTS: Final = """
SELECT current_schema(), current_setting('server_encoding'), current_setting('synchronous_commit'),
  to_regclass(quote_ident(current_schema()) || '.alembic_version')
"""
_TAKE: Final = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))"
RELEASE: Final = "SELECT pg_advisory_unlock_all()"
_OWNER: Final = """
SELECT pid, coalesce(application_name, '') FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = $1 AND objid::bigint = hashtext(current_schema())::bigint & 4294967295
"""


_LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # the driver is confused by a server that says goodbye unasked
)


FAILURES: Final = (*_LOST, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Whatever the driver raises."""


_REASONS: Final = (
    ((*_LOST, asyncpg.InterfaceError, asyncpg.CannotConnectNowError), "gone"),
    (asyncpg.DiskFullError, "full"),
    (asyncpg.ReadOnlySQLTransactionError, "read_only"),
    ((asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError), "refused"),
)


class Sessions:
    """Opens connections to one store, in the name of this process."""

    def __init__(self, address: Address) -> None:
        """Name the database; nothing is opened yet."""
        self.address = address
        # Tells a connection of our own that the server has not noticed to be dead from that of another store.
        self._nonce = secrets.token_hex(4)
        self._name = f"packetflow {os.getpid()} {self._nonce} {socket.gethostname()}"[:63]

    async def reader(self) -> Connection:
        """Open a connection that only reads."""
        return await self._connect({"default_transaction_read_only": "on"})

    async def owner(self, *, fresh: bool) -> Connection:
        """Open the connection that owns the store, its schema up to date.

        With `fresh` the runs of a dead process are marked. Raises StoreUnavailable, naming the process, when another
        one owns the store, and when the database cannot be a store.
        """
        connection = await self._connect(_WRITING)
        try:
            await self._own(connection)
            await self._prepare(connection)
            if fresh:
                await connection.execute(statements.INTERRUPT_RUNS)
        except BaseException as error:
            connection.terminate()
            if isinstance(error, FAILURES):
                raise self.unavailable("cannot be opened", error) from error
            raise
        return connection

    async def became(self, number: str | None) -> str | None:
        """Tell what became of a transaction: `committed`, `aborted`, `in progress`, or None when nobody can tell."""
        try:
            connection = await self.reader()
        except StoreUnavailable:
            return None
        try:
            return await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", number)
        except FAILURES:
            return None
        finally:
            connection.terminate()

    async def _connect(self, settings: dict[str, str]) -> Connection:
        try:
            return await asyncpg.connect(
                self.address.dsn,
                timeout=CONNECT_SECONDS,
                command_timeout=ANSWER_SECONDS,
                server_settings={**_EVERY, **settings, "application_name": self._name},
            )
        except (*FAILURES, ValueError) as error:
            raise self.unavailable("cannot be reached", error) from error

    async def _own(self, connection: Connection) -> None:
        owners: list[asyncpg.Record] = []
        for _ in range(GRACE):
            if await connection.fetchval(_TAKE, LOCK):
                return
            owners = await connection.fetch(_OWNER, LOCK)
            for process, name in owners:
                if name == self._name:  # a connection we lost, and the server does not know yet
                    await connection.execute("SELECT pg_terminate_backend($1)", process)
            await asyncio.sleep(GRACE_SECONDS / GRACE)  # it may be about to end
        owner = _told(str(owners[0][1])) if owners else "another process"
        raise StoreUnavailable(
            f"the store {str(self.address)!r} is open in {owner}; stop it, or talk to it over HTTP", process=owner
        )

    async def _prepare(self, connection: Connection) -> None:
        version = connection.get_server_version()
        if version.major < OLDEST:
            raise StoreUnavailable(
                f"the store {str(self.address)!r} is on PostgreSQL {version.major}; {OLDEST} or newer is needed"
            )
        schema, encoding, synchronous, migrated = await connection.fetchrow(_FACTS)
        if encoding != "UTF8":
            raise StoreUnavailable(f"the database {str(self.address)!r} is in {encoding}; a store needs UTF8")
        if schema is None:
            raise StoreUnavailable(f"the search_path of {str(self.address)!r} names no schema that exists")
        if synchronous == "off":  # acknowledged would not mean durable
            await connection.execute("SET synchronous_commit = on")
        found = await connection.fetchval("SELECT version_num FROM alembic_version") if migrated else None
        if found is not None and found not in KNOWN:
            raise StoreUnavailable(
                f"{str(self.address)!r} was written by a newer PacketFlow, or is the database of another program "
                f"(schema {found}, this one knows {SCHEMA}); upgrade packetflow, or use another database",
                schema=found,
            )
        if found != SCHEMA:
            await self._upgrade(connection, found)

    async def _upgrade(self, connection: Connection, found: str | None) -> None:
        # Alembic takes a third of a second to import, and most starts find the schema as it should be.
        from packetflow.stores.postgres.schema import upgrade  # noqa: PLC0415

        try:
            await upgrade(connection, found)
        except asyncpg.DuplicateTableError as error:
            raise StoreUnavailable(
                f"{str(self.address)!r} is the database of another program; give the store one of its own"
            ) from error
        except asyncpg.PostgresError as error:
            raise self.unavailable("cannot be brought up to date", error) from error

    def unavailable(self, what: str, error: Exception, **details: str) -> StoreUnavailable:
        """Say what failed, without the password; `reason` is for programs (docs/guides/postgresql.md)."""
        said = self.address.hidden(str(error) or type(error).__name__)
        reason = next((name for kinds, name in _REASONS if isinstance(error, kinds)), "failed")
        return StoreUnavailable(f"the store {str(self.address)!r} {what}: {said}", **{"reason": reason, **details})


def is_lost(connection: Connection, error: Exception) -> bool:
    """Tell whether an error means that the connection is of no more use."""
    if connection.is_closed() or isinstance(error, _LOST):
        return True
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, asyncpg.DataError)


def _told(name: str) -> str:
    parts = name.split(" ", 3)
    match parts:
        case ["packetflow", process, _, host]:
            return f"process {process} on {host}"
        case _:
            return "another process"
