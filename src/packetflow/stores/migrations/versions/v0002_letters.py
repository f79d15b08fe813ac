"""Durable messages and reminders, versions of state, what a run may do, what calls cost, and what grows old."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what the second release keeps; only the actors of a SQLite store are written anew."""
    if op.get_bind().dialect.name == "sqlite":
        _actors_with_rowids()
    else:
        op.add_column("actors", sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")))
    op.create_index("replies_by_moment", "replies", ["at"])
    op.add_column("runs", sa.Column("authority", sa.LargeBinary))
    op.create_index("runs_by_end", "runs", ["ended_at", "id"])
    op.add_column("calls", sa.Column("cache_hit", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("calls", sa.Column("tokens", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("calls", sa.Column("cost_micros", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    _letters()


def _actors_with_rowids() -> None:
    op.rename_table("actors", "actors_before")
    op.create_table(
        "actors",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.LargeBinary),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")),
    )
    columns = "kind, key, revision, epoch, state, saved_at"
    op.execute(f"INSERT INTO actors ({columns}) SELECT {columns} FROM actors_before")  # noqa: S608 - no value in it
    op.drop_table("actors_before")


def _letters() -> None:
    op.create_table(
        "letters",
        sa.Column("number", Number, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("capability_id", sa.Text, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("authority", sa.LargeBinary, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("again", sa.Text, nullable=False),
        sa.Column("depth", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("dead", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("letters_by_id", "letters", ["id"], unique=True)
    op.create_index("letters_by_receiver", "letters", ["kind", "key", "number"])
    named = sa.text("name <> ''")
    waiting, dead = sa.column("dead", sa.Boolean) == sa.false(), sa.column("dead", sa.Boolean) == sa.true()
    op.create_index(
        "letters_by_name", "letters", ["kind", "key", "name"], unique=True, sqlite_where=named, postgresql_where=named
    )
    op.create_index("letters_waiting", "letters", ["due", "number"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("letters_dead", "letters", ["number"], sqlite_where=dead, postgresql_where=dead)
