"""`--store` and `$PACKETFLOW_STORE`: the same commands on a PostgreSQL database."""

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Outcome, Shell


def said_of_the_store(ended: "Outcome") -> str:
    """Give what the doctor said."""
    return next(one["said"] for one in ended.json["findings"] if one["name"] == "store")


def test_a_server_and_the_commands_after_it_work_on_the_same_database(shell: "Shell", postgres: str) -> None:
    server = shell.serve("--store", postgres)
    assert shell("call", "counter.add", "key=till", "by=4", "--json").json == 4
    second = shell("serve", "--data", "elsewhere", "--port", "0", "--store", postgres)
    assert second.status == 1
    assert f"is open in process {server.process.pid} on" in second.err
    assert server.stop().status == 0
    assert shell("call", "counter.add", "key=till", "by=5", "--store", postgres, "--json").json == 9
    assert shell("call", "counter.add", "key=till", "by=1", "--json", PACKETFLOW_STORE=postgres).json == 10
    assert not (shell.folder / ".packetflow" / "packetflow.db").exists()
    assert shell("call", "counter.add", "key=till", "by=1", "--json").json == 1  # of the folder's own store


def test_the_doctor_tells_of_the_database(shell: "Shell", postgres: str) -> None:
    with_password = postgres.replace("postgres@", "postgres:sesame@")
    ended = shell("doctor", "--json", PACKETFLOW_STORE=with_password)
    assert ended.status == 0, ended.out
    assert said_of_the_store(ended).startswith("postgresql://postgres@")
    assert "extra postgres" in {one["name"] for one in ended.json["findings"]}
    nowhere = shell("doctor", "--json", "--store", "postgresql://postgres:sesame@127.0.0.1:1/nowhere")
    assert nowhere.status == 1
    assert "the store 'postgresql://postgres@127.0.0.1:1/nowhere' cannot be reached" in said_of_the_store(nowhere)
    assert "sesame" not in ended.out + ended.err + nowhere.out + nowhere.err


def test_an_address_that_cannot_be_read_is_refused_in_words(shell: "Shell") -> None:
    for address, said in (
        ("mysql://root:sesame@localhost/db", "there is no store for mysql://"),
        ("postgresql://u:sesame@host:port/db", "needs an address such as"),
    ):
        ended = shell("call", "counter.add", "key=till", "--store", address)
        assert ended.status == 2
        assert said in " ".join(ended.err.split())
        assert "sesame" not in ended.err
    assert not (shell.folder / ".packetflow" / "packetflow.db").exists()


def test_without_the_driver_its_extra_is_named() -> None:
    program = """
import sys
sys.modules["asyncpg"] = None
from packetflow._core.errors import DeclarationError
from packetflow.stores.chosen import store_at
try:
    store_at("postgresql://ada@localhost/shop")
except DeclarationError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'packetflow[postgres]'" in ended.stdout
