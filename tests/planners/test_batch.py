from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packetflow.planners.batch import CaseError, plan_case, run_batch, tool_from

AREA: dict[str, Any] = {
    "name": "rectangle.area",
    "description": "Calculate the area of a rectangle.",
    "parameters": {
        "type": "dict",
        "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}},
        "required": ["width", "height"],
    },
}
ROOT: dict[str, Any] = {
    "name": "square_root",
    "description": "Calculate the square root of a number",
    "query_parameters": {"number": {"type": "number", "required": True, "description": "The number"}},
    "output_parameters": {"root": {"type": "number", "description": "The square root"}},
}
HALF: dict[str, Any] = {
    "name": "halve",
    "description": "Halve a number",
    "parameters": {"number": {"type": "number", "required": True}, "places": {"type": "integer", "required": False}},
    "output_parameters": {"half": {"type": "number"}},
}


def case(id_: str, query: str, *tools: dict[str, Any]) -> str:
    return json.dumps({"id": id_, "query": query, "tools": list(tools)})


def predictions(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_case_gets_one_prediction_in_order(tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    lines = [
        case("one", "the area of a rectangle with width 3 and height 4", AREA),
        "",
        case("two", "hum a tune", AREA),
    ]
    cases.write_text("\n".join(lines), encoding="utf-8")
    told: list[tuple[int, int]] = []
    report = run_batch(cases, out, progress=lambda done, whole: told.append((done, whole)))
    first, second = predictions(out)
    assert first["calls"] == [{"name": "rectangle.area", "arguments": {"width": 3, "height": 4}}]
    assert (first["id"], second["id"], second["calls"]) == ("one", "two", [])
    assert 0 < first["confidence"] <= 1
    assert first["seconds"] > 0
    assert (report.planned, report.refused, report.bad) == (1, 1, [])
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_many_steps_are_written_with_labels_and_references() -> None:
    query = "Calculate the square root of 49 and then halve the square root"
    plan = json.loads(json.dumps(plan_case(case("x", query, ROOT, HALF), "many")))["plan"]
    assert plan == [
        {"name": "square_root", "arguments": {"number": 49}, "label": "square_root"},
        {"name": "halve", "arguments": {"number": "$square_root.root$"}, "label": "halve"},
    ]


def test_lines_that_are_no_case_are_reported_and_left_out(tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    good = case("good", "the area of a rectangle with width 3 and height 4", AREA)
    bad = [
        "{",
        "[]",
        '{"id": 7}',
        case("no name", "hi", {"description": "x"}),
        case("odd", "hi", {"name": "x", "parameters": 3}),
    ]
    cases.write_text("\n".join([*bad, good]), encoding="utf-8")
    report = run_batch(cases, out)
    assert [number for number, _ in report.bad] == [1, 2, 3, 4, 5]
    assert all(reason for _, reason in report.bad)
    assert [made["id"] for made in predictions(out)] == ["good"]


def test_a_missing_file_leaves_the_old_predictions_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        run_batch(tmp_path / "none.jsonl", out)
    assert out.read_text(encoding="utf-8") == "old"


def test_what_a_refused_case_lacks_is_told() -> None:
    made = plan_case(case("x", "the area of a rectangle with width 3", AREA), "one")
    assert (made["calls"], made["missing"]) == ([], {"rectangle.area": ["height"]})


def test_tables_of_parameters_are_read_as_schemas() -> None:
    read = tool_from({**ROOT, "path_parameters": {"place": {"type": "string", "required": True}}})
    assert read.input_schema["required"] == ["place", "number"]
    assert read.output_schema is not None
    assert read.output_schema["properties"]["root"]["type"] == "number"
    assert tool_from(HALF).input_schema["required"] == ["number"]


@pytest.mark.parametrize(
    "raw", [3, {}, {"name": ""}, {"name": "x", "query_parameters": []}, {"name": "x", "parameters": "no"}]
)
def test_what_is_no_tool_is_refused(raw: object) -> None:
    with pytest.raises(CaseError):
        tool_from(raw)
