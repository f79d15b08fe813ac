"""What runs ask a person, on the terminal: shown, and answered once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from packetflow.cli.failure import usage
from packetflow.cli.screen import compact

if TYPE_CHECKING:
    from packetflow._core.approval import Question
    from packetflow.cli.access import Access
    from packetflow.cli.screen import Screen

_CONFIRM: Final = "confirmation_required"
_WIDE: Final = 1000


def said(question: Question) -> str:
    """Put a question into words."""
    call = f"{question.capability_id} ({question.effect})"
    arguments = compact(question.arguments, _WIDE)
    if question.asks == "approval":
        return f"{call} would be called with {arguments}."
    return f"{call} had begun with {arguments} when its process ended, and nobody saw the end of it."


async def answered(access: Access, question: Question, screen: Screen, *, yes: bool) -> None:
    """Ask the person at the terminal and pass the answer on; with `yes` agree to what may be agreed to.

    Raises CommandFailed where nobody can be asked: the run goes on waiting.
    """
    if question.asks == "outcome":
        command = f"packetflow runs answer {question.run_id} again|done|fail"
        raise usage(f"{said(question)} Look what became of it, and say so: {command}", code="uncertain")
    if not yes:
        if not sys.stdin.isatty():
            agree = f"`packetflow runs approve {question.run_id}` agrees, and --yes would have beforehand"
            raise usage(f"{said(question)} A person has to agree, and the run waits: {agree}.", code=_CONFIRM)
        screen.note(said(question), "yellow")
        yes = typer.confirm("Do you agree?", err=True)
    verdict = "approve" if yes else "refuse"
    await access.answer(question.run_id, question.digest, verdict, reason="" if yes else "said no at the terminal")


def chosen(questions: list[Question], digest: str | None) -> Question:
    """Give the question whose digest begins so, or the only one; raises CommandFailed."""
    found = [each for each in questions if digest is None or each.digest.startswith(digest)]
    if len(found) == 1:
        return found[0]
    if not questions:
        raise usage("this run asks nothing now; `packetflow runs approvals` lists what is asked")
    named = ", ".join(f"{each.digest[:12]} ({each.node}: {each.capability_id})" for each in questions)
    raise usage(f"say which question with --digest: {named}")
