"""What `import packetflow` promises: these names, documented, and a quick start."""

import inspect
import subprocess
import sys

import packetflow

# The promise. A name is added with its documentation, and removed only after a release that deprecates it.
PUBLIC_NAMES = {
    "Actor",
    "ActorCapability",
    "ActorChanged",
    "App",
    "Backoff",
    "Breaker",
    "Cache",
    "Budget",
    "CallError",
    "Capability",
    "CapabilityFailed",
    "Client",
    "Conflict",
    "Constraint",
    "Context",
    "Effect",
    "Event",
    "Failed",
    "Flow",
    "Grant",
    "Group",
    "Machine",
    "Moved",
    "NotFound",
    "NotUnderstood",
    "PacketFlowError",
    "Partly",
    "ReminderInfo",
    "LetterDied",
    "LetterInfo",
    "Plan",
    "PlanRejected",
    "Reduced",
    "Question",
    "Ref",
    "Restart",
    "Retention",
    "Retry",
    "Run",
    "Standing",
    "RunRules",
    "Step",
    "Together",
    "Trigger",
    "Unmoved",
    "branch",
    "capability",
    "each",
    "fallback",
    "flow",
    "fold",
    "grouped",
    "machine",
    "map_reduce",
    "move",
    "on",
    "pipe",
    "repeat",
    "retry",
    "together",
    "when",
}
# Each belongs to the one part that needs it, and that part is imported by whoever wants it.
HEAVY = ["alembic", "anthropic", "fastapi", "httpx2", "openai", "pydantic_ai", "rich", "starlette", "typer", "uvicorn"]


def test_the_public_names_are_exactly_these() -> None:
    assert set(packetflow.__all__) == PUBLIC_NAMES
    assert len(packetflow.__all__) == len(PUBLIC_NAMES)


def test_every_public_name_is_there_and_documented() -> None:
    # An alias of a type cannot carry a docstring at run time; the glossary explains it.
    documented = [name for name in packetflow.__all__ if name != "Effect"]
    assert not [name for name in documented if not inspect.getdoc(getattr(packetflow, name))]


def test_importing_packetflow_loads_no_web_model_or_terminal_library() -> None:
    program = f"import sys, packetflow; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
