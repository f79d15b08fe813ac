"""PacketFlow: declare a capability or an actor once; plans, runs, memory, API and traces follow from it."""

from packetflow._core.actor import Actor
from packetflow._core.approval import Question
from packetflow._core.budget import Budget
from packetflow._core.cache import Cache
from packetflow._core.capability import ActorCapability, Capability, capability
from packetflow._core.combinators import (
    Backoff,
    Failed,
    Group,
    Reduced,
    branch,
    each,
    fallback,
    fold,
    grouped,
    map_reduce,
    pipe,
    repeat,
    retry,
    when,
)
from packetflow._core.constraint import Constraint
from packetflow._core.context import Context
from packetflow._core.effect import Effect
from packetflow._core.errors import (
    CallError,
    CapabilityFailed,
    Conflict,
    NotFound,
    NotUnderstood,
    PacketFlowError,
    PlanRejected,
)
from packetflow._core.event import Event
from packetflow._core.flow import Flow, flow
from packetflow._core.grant import Grant
from packetflow._core.lifecycle import ActorChanged
from packetflow._core.machine import Machine, Moved, Standing, Unmoved, machine, move
from packetflow._core.parallel import Partly, Together, together
from packetflow._core.plan import Plan
from packetflow._core.ref import Ref
from packetflow._core.reminder import ReminderInfo
from packetflow._core.restart import Restart
from packetflow._core.retry import Breaker, Retry
from packetflow._core.run import Run
from packetflow._core.step import Step
from packetflow._core.trigger import Trigger, on
from packetflow._runtime.client import Client
from packetflow._runtime.post import LetterDied
from packetflow._runtime.retention import Retention
from packetflow._runtime.runs import RunRules
from packetflow._runtime.undelivered import LetterInfo
from packetflow.app import App

__all__ = [
    "Actor",
    "ActorCapability",
    "ActorChanged",
    "App",
    "Backoff",
    "Breaker",
    "Budget",
    "Cache",
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
    "LetterDied",
    "LetterInfo",
    "Machine",
    "Moved",
    "NotFound",
    "NotUnderstood",
    "PacketFlowError",
    "Partly",
    "Plan",
    "PlanRejected",
    "Question",
    "Reduced",
    "Ref",
    "ReminderInfo",
    "Restart",
    "Retention",
    "Retry",
    "Run",
    "RunRules",
    "Standing",
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
]
