"""Check the size and naming budgets of pyproject.toml, `[tool.packetflow.budgets]`.

Four budgets: lines of a file, lines of a function, parameters of a function, and words that no file or class is
named with. A function's lines are those of its body that hold code: no docstring, no comment, no blank line. `self`,
`cls` and `ctx` do not count as parameters. Whoever breaks a budget must be listed under `exceptions` with exactly its
present size.

Usage: python tools/budgets.py [ROOT]    exit status 1, and one line for each finding, if a budget is broken.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("src", "tests", "tools", "docs_src", "benchmarks")
STRICT_FOLDERS = frozenset({"src", "tools"})
FREE_PARAMETERS = frozenset({"self", "cls", "ctx"})
TOKENS_WITHOUT_CODE = frozenset(
    {tokenize.COMMENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.INDENT, tokenize.NEWLINE, tokenize.NL}
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Budgets:
    """The limits, and who is excused from them until it has shrunk."""

    file_lines: int
    function_lines: int
    function_lines_in_tests: int
    parameters: int
    banned_words: frozenset[str]
    exceptions: Mapping[str, int]

    @classmethod
    def read(cls, pyproject: Path) -> "Budgets":
        """Read the table `[tool.packetflow.budgets]`; a missing key raises `KeyError`."""
        table = tomllib.loads(pyproject.read_text())["tool"]["packetflow"]["budgets"]
        return cls(
            file_lines=table["file-lines"],
            function_lines=table["function-lines"],
            function_lines_in_tests=table["function-lines-in-tests"],
            parameters=table["parameters"],
            banned_words=frozenset(table["banned-words"]),
            exceptions=table["exceptions"],
        )


@dataclass(frozen=True)
class Excess:
    """One budget that one place breaks."""

    place: str
    """`path`, or `path::Class.function`, with ` parameters` after it where that is the budget."""
    size: int
    limit: int
    what: str


def lines_with_code(source: str) -> frozenset[int]:
    """Return the numbers of the lines that hold more than a comment."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in TOKENS_WITHOUT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return frozenset(lines)


def body_lines(function: Function, code: frozenset[int]) -> int:
    """Count the lines of code in a function's body, its docstring excluded."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    if not body:
        return 0
    return sum(line in code for line in range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1))


def parameters(function: Function) -> int:
    """Count what a caller may pass."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(argument.arg not in FREE_PARAMETERS for argument in named)


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Yield every class and function under `tree` with its dotted name, outermost first."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield prefix + node.name, node
            yield from definitions(node, f"{prefix}{node.name}.")
        else:
            yield from definitions(node, prefix)


def words(name: str) -> frozenset[str]:
    """Split a snake_case or CamelCase name into lower-case words, each in the singular too."""
    found = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    return frozenset(found | {word.removesuffix("s") for word in found})


def excesses(path: str, source: str, budgets: Budgets) -> Iterator[Excess]:
    """Yield every size budget that the file breaks, exceptions not yet considered."""
    total = len(source.splitlines())
    if total > budgets.file_lines:
        yield Excess(path, total, budgets.file_lines, "lines")
    strict = path.split("/", 1)[0] in STRICT_FOLDERS
    limit = budgets.function_lines if strict else budgets.function_lines_in_tests
    code = lines_with_code(source)
    for name, node in definitions(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            continue
        if (size := body_lines(node, code)) > limit:
            yield Excess(f"{path}::{name}", size, limit, "lines of code")
        if (count := parameters(node)) > budgets.parameters:
            yield Excess(f"{path}::{name} parameters", count, budgets.parameters, "parameters")


def banned_names(path: str, source: str, budgets: Budgets) -> Iterator[str]:
    """Yield a finding for the file and for each class that is named with a banned word."""
    names = {path: Path(path).stem} | {
        f"{path}::{name}": node.name for name, node in definitions(ast.parse(source)) if isinstance(node, ast.ClassDef)
    }
    for place, name in names.items():
        for word in sorted(words(name) & budgets.banned_words):
            yield f"{place}: named {word!r}, which says nothing; a noun is missing"


def findings(root: Path, budgets: Budgets) -> Iterator[str]:
    """Yield one sentence for each broken budget and each exception that is no longer exact."""
    unused = dict(budgets.exceptions)
    for file in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*.py")):
        path, source = file.relative_to(root).as_posix(), file.read_text()
        yield from banned_names(path, source, budgets)
        for excess in excesses(path, source, budgets):
            allowed = unused.pop(excess.place, None)
            if allowed is None or excess.size > allowed:
                yield f"{excess.place}: {excess.size} {excess.what}, the limit is {allowed or excess.limit}"
            elif excess.size < allowed:
                yield f"{excess.place}: shrank to {excess.size}; write that into its exception ({allowed})"
    for place in sorted(unused):
        yield f"{place}: needs no exception any more; delete it"


def main(root: Path) -> int:
    """Print the findings under `root`; return the exit status."""
    found = list(findings(root, Budgets.read(root / "pyproject.toml")))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent))
