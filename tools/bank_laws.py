"""What must be true of the bank in the end, whatever failed on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.bank import FAILING, KEYS, TICKS, TOLD, Moved, Op, Purse, Wallet, WalletState, law
from tools.bank_runs import check_runs

if TYPE_CHECKING:
    from tools.bank import Ledger

    import packetflow as pf
    from packetflow._core.ports import Store

_ALL = 1_000_000


async def check(store: Store, ledger: Ledger) -> None:
    """Compare what clients were told with what the store holds; raises Broken."""
    law(not ledger.broken, "; ".join(ledger.broken))
    letters = await store.letters(limit=_ALL)
    law(
        all(letter.dead for letter in letters),
        f"letters are left: {[(one.capability_id, one.inputs, one.due) for one in letters]}",
    )
    dead = {str(json.loads(letter.inputs)["op"]) for letter in letters}
    states: dict[str, WalletState] = {}
    journals: dict[str, list[Moved]] = {}
    for key in KEYS:
        saved = await store.load(Wallet.actor_type.name, key)
        state = WalletState() if saved is None or saved.state is None else WalletState.model_validate_json(saved.state)
        journal = await store.read(Wallet.actor_type.topic(key), limit=_ALL)
        law([event.seq for event in journal] == [*range(1, len(journal) + 1)], f"the events of {key} are not dense")
        for name, times in state.ticks.items():
            law(times == sorted(set(times)), f"the order {name} of {key} came twice: {times}")
            law(len(times) == TICKS, f"the order {name} of {key} came {len(times)} times")
        moved = [Moved.model_validate_json(event.payload) for event in journal]
        law([event.op for event in moved] == state.ops, f"the events of {key} are not what its state says")
        law(sum(event.amount for event in moved) == state.balance, f"the balance of {key} is not the sum of its events")
        heard = ledger.seen[key]
        law(heard == state.ops[: len(heard)], f"a subscriber of {key} heard {heard}, stored is {state.ops}")
        states[key], journals[key] = state, moved
    for key, jotted in ledger.jotted:  # of the last life, which ended in order
        saved = await store.load(Purse.actor_type.name, key)
        law(saved is not None and saved.state is not None, f"the purse {key} was not saved at the end")
        kept = WalletState.model_validate_json(saved.state or b"{}") if saved is not None else WalletState()
        law(jotted in kept.ops, f"the purse {key} acknowledged {jotted} and did not save it at the end")
    sent = await check_runs(store, states, ledger)
    for key in KEYS:
        _applied(key, journals[key], sent, dead, ledger)
    _led(states, dead, ledger)
    for identity, times in ledger.published.items():
        law(times == 1, f"event {identity} was published {times} times")


async def at_rest(app: pf.App, store: Store, ledger: Ledger) -> None:
    """Look at an app whose clients are done and whose store and fabric did not fail: nothing waits, all was heard."""
    for name, table in app.parts.engine.tables.items():
        law(not table.mailboxes.waiting, f"{table.mailboxes.waiting} messages to {name} wait for nobody")
    for key in KEYS:
        journal = await store.read(Wallet.actor_type.topic(key), limit=_ALL)
        law(
            len(ledger.seen[key]) == len(journal),
            f"a subscriber of {key} heard {len(ledger.seen[key])} of {len(journal)}",
        )


def _applied(key: str, moved: list[Moved], sent: set[str], dead: set[str], ledger: Ledger) -> None:
    ops = [event.op for event in moved]
    law(len(ops) == len(set(ops)), f"{key} applied a message twice: {ops}")
    balances: dict[str, int] = {}
    for event in moved:
        balances[event.op] = event.amount + (list(balances.values())[-1] if balances else 0)
    known = set(sent)
    for op in ledger.ops.values():
        if op.key == key:
            known.add(op.id)
            _answered(op, balances, dead)
        if op.effect is not None and op.effect[0] == key:
            known.add(op.effect[1])
    law(set(ops) <= known, f"{key} applied what nobody sent: {set(ops) - known}")


def _led(states: dict[str, WalletState], dead: set[str], ledger: Ledger) -> None:
    """Hold that what a message led to happened if and only if the message did."""
    for op in ledger.ops.values():
        if op.effect is None:
            continue
        key, effect = op.effect
        applied, followed = op.id in states[op.key].ops, effect in states[key].ops
        law(not followed or applied, f"{op} is not applied, and what it leads to is")
        law(not applied or followed or effect in dead, f"{op} is applied, and what it leads to is lost")


def _answered(op: Op, balances: dict[str, int], dead: set[str]) -> None:
    if op.message == TOLD:
        law(op.reply is None or op.id in balances or op.id in dead, f"{op} was accepted and is lost")
    elif op.reply is not None:
        law(op.id in balances, f"{op} was acknowledged and is lost")
        law(balances[op.id] == op.reply, f"{op} was answered {op.reply}, but left {balances[op.id]}")
    elif op.refused:
        law(op.id not in balances, f"{op} was refused and is applied")
    law(op.message not in FAILING or op.id not in balances, f"{op} failed and is applied")
