"""`packetflow doctor`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Shell


def test_a_healthy_folder_is_told_with_how_to_get_what_is_missing(shell: "Shell") -> None:
    ended = shell("doctor", "--json")
    assert ended.status == 0, ended.out
    said = {one["name"]: one for one in ended.json["findings"]}
    assert said["app"]["said"] == "shop:app: 7 capabilities, 1 actor types"
    assert (said["planner anthropic"]["verdict"], "ANTHROPIC_API_KEY" in said["planner anthropic"]["said"]) == (
        "optional",
        True,
    )
    assert not (shell.folder / ".packetflow").exists()


def test_a_key_is_never_shown(shell: "Shell") -> None:
    ended = shell("doctor", ANTHROPIC_API_KEY="sk-very-secret")
    assert "✓ planner anthropic" in ended.out
    assert "very-secret" not in ended.out + ended.err


def test_what_is_broken_is_named_and_exits_with_1(shell: "Shell") -> None:
    (shell.folder / "data").mkdir()
    (shell.folder / "data" / "packetflow.db").write_text("this is no database, and never was one")
    ended = shell("doctor", "--data", "data", "--app", "nowhere:app", "--json")
    assert ended.status == 1
    broken = {one["name"] for one in ended.json["findings"] if one["verdict"] == "broken"}
    assert broken == {"app", "store"}
