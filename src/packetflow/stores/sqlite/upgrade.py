"""Runs the migrations that are shipped with the stores. Imports Alembic, so it is imported when there is work only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import StaticPool, create_engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def configuration() -> Config:
    """Give Alembic's configuration, as its commands take it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(connection: sqlite3.Connection, revision: str = "head") -> None:
    """Bring the schema to a revision, the newest unless told, in one transaction: wholly or not at all."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    config = configuration()
    with engine.connect() as wrapped:
        wrapped.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = wrapped
        command.upgrade(config, revision)
        wrapped.commit()
