"""Brings the tables up to date, by the migrations that every SQL store shares.

Imports Alembic, so it is imported when there is work only. Alembic writes the statements; they are run by the store's
own connection, so that no second driver is needed.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect, PGTypeCompiler

if TYPE_CHECKING:
    from asyncpg import Connection

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"
PATIENCE: Final = 3600.0
"""Seconds that bringing the schema up to date may take: of a big store, an index takes long to build."""
# Every message changes its actor's row: room in the page lets it stay there, and no index needs to know.
ROOM: Final = "ALTER TABLE actors SET (fillfactor = 70)"


class _ByCodePoint(PGTypeCompiler):
    """Writes text columns that are ordered by code point, whatever the database's own order is."""

    def visit_TEXT(self, type_: Text, **options: object) -> str:  # noqa: N802 - SQLAlchemy names it so
        """Write the type."""
        return f'{super().visit_TEXT(type_, **options)} COLLATE "C"'


class Dialect(PGDialect):
    """PostgreSQL as the store's tables are made in it."""

    type_compiler_cls = _ByCodePoint
    supports_statement_cache = True


registry.register("postgresql.packetflow", __name__, "Dialect")


def script(found: str | None) -> str:
    """Give the statements that lead from a revision, or from nothing, to the newest."""
    written = StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["dialect"] = "postgresql+packetflow"
    command.upgrade(config, "head" if found is None else f"{found}:head", sql=True)
    return f"{written.getvalue()}\n{ROOM if found is None else ''}"


async def upgrade(connection: Connection, found: str | None) -> None:
    """Bring the schema to the newest revision, in one transaction: wholly or not at all."""
    async with connection.transaction():
        await connection.execute(script(found), timeout=PATIENCE)
