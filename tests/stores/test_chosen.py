"""An address names its store, or is refused without repeating a password."""

from pathlib import Path

import pytest

from packetflow._core.errors import DeclarationError
from packetflow.stores.chosen import store_at
from packetflow.stores.sqlite.store import SQLiteStore


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql:/u:PW@h/d",
        "postgresql:u:PW@h/d",
        "postgres:/u:PW@h/d",
        "postgresq://u:PW@h/d",
        "bob:PW@h/d",
        "u:PW@x://h/d",
        "sqlite:store.db",
        "mysql://u:PW@h/d",
        "://PW",
    ],
)
def test_an_address_that_is_no_stores_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(DeclarationError, match=r"postgresql://\.\.\. or the path of a SQLite file") as refused:
        store_at(wrong)
    assert "PW" not in str(refused.value)


@pytest.mark.parametrize(
    "path", ["data/packetflow.db", "./odd:name.db", "C:\\data\\packetflow.db", Path("odd:name.db")]
)
def test_a_path_is_that_of_a_sqlite_file(path: str | Path) -> None:
    assert isinstance(store_at(path), SQLiteStore)
