"""In which order nodes can run, and which of them wait for themselves."""

from __future__ import annotations

from collections.abc import Sequence

from packetflow._core.node import Node, needs


def ordered(nodes: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Put nodes behind what they need; the second list holds those that wait for ever."""
    here = {node.id for node in nodes}
    waits = [needs(node) & here for node in nodes]
    done: set[str] = set()
    order: list[Node] = []
    rest = list(range(len(nodes)))
    while rest:
        later: list[int] = []
        for number in rest:
            if waits[number] <= done:
                done.add(nodes[number].id)
                order.append(nodes[number])
            else:
                later.append(number)
        if len(later) == len(rest):
            break
        rest = later
    return order, [nodes[number] for number in rest]


def circles(waiting: Sequence[Node]) -> list[list[str]]:
    """For each node, name the nodes of a circle it stands in; none for one that only waits for a circle."""
    waits = {node.id: needs(node) & {other.id for other in waiting} for node in waiting}
    reach: dict[str, set[str]] = {}
    for node in waiting:
        todo, found = [*waits[node.id]], set[str]()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += waits[name]
        reach[node.id] = found
    return [sorted(n for n in reach[node.id] if node.id in reach[n]) for node in waiting]
