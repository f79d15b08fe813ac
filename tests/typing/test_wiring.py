"""Wrong use is an error to the type checker: wrong arguments, wrong wiring, a message of another actor."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRONG = '''
import packetflow as pf
from tests.typing.example import Hall, Posted, Room, digest, double, summarize, tick, who


class Other(pf.Actor[None]):
    """Another actor."""

    @pf.capability
    async def ping(self) -> int:
        """Answer."""
        return 1


async def wrong(root: pf.Client, ctx: pf.Context) -> None:
    lobby = root.actor(Room, "lobby")
    await lobby.ask(Room.post, "fine")
    await lobby.ask(Room.post, 3)  # wrong
    await lobby.ask(Room.post, txt="a")  # wrong
    await lobby.ask(Other.ping)  # wrong
    await lobby.tell(Room.history, limit="5")  # wrong
    await lobby.ask(Room.post, ctx, "a")  # wrong
    await lobby.remind(cron="0 9 * * *").tell(Room.post, "fine")
    await lobby.remind(cron="0 9 * * *").tell(Room.post, 3)  # wrong
    await lobby.remind(cron="0 9 * * *").tell(Other.ping)  # wrong
    lobby.remind(after=60)  # wrong
    await root.actor(Other, "x").ask(Room.post, "a")  # wrong
    await root.actor(Hall, "x").ask(Room.post, "fine")
    run = await root.run(pf.Plan(summarize.step(messages=[])))
    summarize.step(messages=run.output)  # wrong
    summarize.step(Room.history.step("lobby").output)
    summarize.step(Room.history.step(3).output)  # wrong
    summarize.step(tick.step(3).output)  # wrong
    summarize.step()  # wrong
    await who(ctx)  # wrong
    double.step("2")  # wrong
    pf.each(tick.step(3).output, lambda number: summarize.step(number))  # wrong
    digest.step(3)  # wrong
    digest.step("lobby", limits=3)  # wrong
    double.step(digest.step("lobby").output)  # wrong
    digest.step("lobby", limit=3)
    some = pf.together(number=tick.step(3), text=digest.step("lobby"), partial="continue")
    double.step(some.of(digest.step("lobby")))  # wrong
    pf.pipe(tick.step(3), lambda numbers: digest.step(numbers))  # wrong
    pf.on(Posted, lambda event, room: digest.step(event.message))  # wrong
    pf.on(Posted, lambda event, room: digest.step(room))
    pf.fallback(double.step(1), lambda error: double.step(error.message))  # wrong
    double.step(1).undone_by(lambda number: digest.step(number))  # wrong


@pf.flow
def wired(room: str) -> pf.Step[int]:
    """Give a text for a number."""
    return digest.step(room)  # wrong
'''


def test_each_wrong_line_is_an_error_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "snippet"
    folder.mkdir()
    (folder / "wrong.py").write_text(WRONG)
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": ["wrong.py"],
        "extraPaths": [str(ROOT), str(ROOT / "src")],
        "stubPath": str(ROOT / "typings"),
        "reportUnusedCallResult": "none",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    checker = Path(sys.executable).with_name("basedpyright")
    command = [str(checker), "--pythonpath", sys.executable, "--outputjson", "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = sorted({one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"})
    expected = [number for number, line in enumerate(WRONG.split("\n"), 1) if line.endswith("# wrong")]
    assert lines == expected, found
    assert len(expected) == 25
