"""Plan many requests from a file of cases, for measuring the rules: `packetflow plan --batch`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from packetflow.planners.rules.building import Value
from packetflow.planners.rules.draft import Draft, draft
from packetflow.planners.rules.links import Link
from packetflow.planners.rules.tool import JSON, PlainTool, Schema, properties_of

Steps: TypeAlias = Literal["one", "many"]
Progress: TypeAlias = Callable[[int, int], None]


class CaseError(ValueError):
    """A line of the cases file is no case; the message says why."""


@dataclass
class BatchReport:
    """What came of a batch: how many cases were planned and refused, and the lines that were no case."""

    planned: int = 0
    refused: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    seconds: float = 0.0


def run_batch(cases: Path, out: Path, *, steps: Steps = "one", progress: Progress | None = None) -> BatchReport:
    """Plan every case of the JSONL file `cases` and write one prediction a line to `out`, in the same order.

    A line that is no case is counted with its number and left out. `progress` is called with lines done and lines in
    all. Raises OSError when a file cannot be read or written; `out` is replaced only when all is done.
    """
    lines = cases.read_text(encoding="utf-8").splitlines()
    report = BatchReport()
    partial = out.with_name(out.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    prediction = plan_case(line, steps)
                    written = _written(prediction)
                except CaseError as error:
                    report.bad.append((number, str(error)))
                except RecursionError:
                    report.bad.append((number, "nested too deep"))
                else:
                    _count(prediction, report)
                    stream.write(written + "\n")
            if progress is not None:
                progress(number, len(lines))
    partial.replace(out)
    return report


def plan_case(line: str, steps: Steps) -> dict[str, Any]:
    """Plan one case given as JSON and return its prediction; raises CaseError when the line is no case."""
    case = _case(line)
    tools = [tool_from(raw) for raw in case["tools"]]
    begin = time.perf_counter()
    made = draft(case["query"], tools, one_step=steps == "one")
    seconds = round(time.perf_counter() - begin, 6)
    body: dict[str, Any] = {"calls": _calls(made)} if steps == "one" else {"plan": _plan(made)}
    if made.missing:
        body["missing"] = {name: list(inputs) for name, inputs in made.missing.items()}
    return {"id": case["id"], **body, "confidence": made.confidence, "seconds": seconds}


def tool_from(raw: object) -> PlainTool:
    """Read a tool of a case.

    Its inputs are a schema in `parameters`, or tables from name to property in `parameters`, `query_parameters` and
    `path_parameters`; its output is an `output_schema` or such a table in `output_parameters`.
    """
    if not isinstance(raw, Mapping):
        message = "a tool is not an object"
        raise CaseError(message)
    tool = cast("Mapping[str, Any]", raw)
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        message = "a tool has no name"
        raise CaseError(message)
    tables = [tool[key] for key in ("path_parameters", "query_parameters", "parameters") if tool.get(key) is not None]
    if not all(isinstance(table, Mapping) for table in tables):
        message = f"the parameters of {name} are not an object"
        raise CaseError(message)
    merged: Schema = {key: value for table in tables for key, value in cast("Schema", table).items()}
    standard = isinstance(merged.get("type"), str) or "properties" in merged
    inputs = merged if standard else _flat(merged)
    given: object = tool.get("output_parameters")
    output = (
        _flat(cast("Schema", given)) if isinstance(given, Mapping) else cast("Schema | None", tool.get("output_schema"))
    )
    examples = tuple(str(example) for example in cast("list[object]", tool.get("examples") or []))
    return PlainTool(
        name, str(tool.get("description") or ""), inputs, output, examples, str(tool.get("effect") or "read")
    )


def _case(line: str) -> dict[str, Any]:
    try:
        case: object = json.loads(line)
    except ValueError as error:
        message = f"not JSON: {error}"
        raise CaseError(message) from error
    if not isinstance(case, dict):
        message = "not an object"
        raise CaseError(message)
    found = cast("dict[str, Any]", case)
    for key, kind in (("id", str), ("query", str), ("tools", list)):
        if not isinstance(found.get(key), kind):
            message = f"no {key}, or not of type {kind.__name__}"
            raise CaseError(message)
    return found


def _flat(table: Schema) -> Schema:
    """Make an object schema of a table from name to property, where each property says whether it is required."""
    properties = properties_of({"properties": table})
    required = [name for name, prop in properties.items() if prop.get("required") is True]
    clean = {name: _without_flag(prop) for name, prop in properties.items()}
    return {"type": "object", "properties": clean, "required": required}


def _without_flag(prop: Schema) -> Schema:
    return {key: value for key, value in prop.items() if key != "required" or isinstance(value, list)}


def _written(prediction: Mapping[str, Any]) -> str:
    text = json.dumps(prediction, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "holds half a character, which is no text"
        raise CaseError(message) from error
    return text


def _count(prediction: Mapping[str, Any], report: BatchReport) -> None:
    report.seconds += prediction["seconds"]
    if prediction.get("calls") or prediction.get("plan"):
        report.planned += 1
    else:
        report.refused += 1


def _calls(made: Draft) -> list[dict[str, Any]]:
    return [{"name": step.tool, "arguments": _plain(step.arguments)} for step in made.steps]


def _plan(made: Draft) -> list[dict[str, Any]]:
    steps = made.steps or made.partial
    return [{"name": step.tool, "arguments": _plain(step.arguments), "label": step.label} for step in steps]


def _plain(arguments: Mapping[str, Value]) -> dict[str, JSON]:
    return {name: _value(value) for name, value in arguments.items()}


def _value(value: Value) -> JSON:
    if isinstance(value, Link):
        return f"${'.'.join((value.label, *value.path))}$"
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
