"""Gather the promises of all areas: every other module of this folder that has `REQUIREMENTS`."""

import importlib
import pkgutil
from collections.abc import Sequence

import tests.requirements
from tests.requirements.requirement import Requirement


def areas() -> dict[str, Sequence[Requirement]]:
    """Return each area's promises by the name of its module, in the module's order."""
    found: dict[str, Sequence[Requirement]] = {}
    for module in pkgutil.iter_modules(tests.requirements.__path__):
        content = importlib.import_module(f"tests.requirements.{module.name}")
        if hasattr(content, "REQUIREMENTS"):
            found[module.name] = content.REQUIREMENTS
    return found


def requirements() -> list[Requirement]:
    """Return every promise."""
    return [requirement for area in areas().values() for requirement in area]
