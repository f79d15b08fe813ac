"""Conversations for the tests of the analysis."""

from datetime import UTC, datetime, timedelta

from packetflow_chat.analysis.line import Line

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def talk(text: str, start: datetime = MONDAY, step: timedelta = timedelta(minutes=2), prefix: str = "m") -> list[Line]:
    """Return `name: words` lines as a conversation, one line every `step`."""
    rows = [row.strip().split(": ", 1) for row in text.strip().splitlines() if row.strip()]
    return [Line(f"{prefix}{at}", author, said, start + at * step) for at, (author, said) in enumerate(rows)]


DATABASE = """
    ana: Morning! The staging database is full again, what should we do?
    ben: We could move the old invoices to cold storage
    cleo: Or buy a bigger disk. How about 500 GB?
    ana: I propose we move the old invoices first, a bigger disk costs too much
    ben: sounds good
    cleo: +1
    ana: Great. Ben, can you write the migration script by Thursday?
    ben: I'll do it tomorrow morning. @cleo please back up the staging database before that
    cleo: ok, I'll run the backup tonight
    ana: TODO: cleo to update the runbook by Friday
"""
LUNCH = """
    dora: Where shall we go for lunch?
    emil: I'm fine with pizza or sushi
    fay: let's go with sushi, the place on Main Street
    dora: agreed
    emil: Will you book a table, fay?
    fay: sure, I'll book it for 12:30
"""
SUPPORT = """
    newbie: hi all, how do I mount an ntfs partition?
    oldhand: newbie: use mount -t ntfs-3g /dev/sdb1 /mnt
    paul: does anyone know why my printer prints blank pages?
    newbie: oldhand, it says permission denied
    oldhand: newbie: you need sudo in front of it
    quinn: paul: is it an inkjet? the ink dries up when it is not used
    helpbot: paul: Printing is explained in the manual of the print server, chapter four
    newbie: oldhand: that worked, thanks!
    paul: quinn: yes an inkjet, I cleaned the heads and now it prints
    quinn: paul: glad to hear
"""


def database() -> list[Line]:
    """Return a team's talk on Monday."""
    return talk(DATABASE)


def week() -> list[Line]:
    """Return Monday's talk and Tuesday's."""
    return [*talk(DATABASE), *talk(LUNCH, MONDAY + timedelta(days=1), prefix="t")]


def support() -> list[Line]:
    """Return two threads of a support channel that cross."""
    return talk(SUPPORT)
