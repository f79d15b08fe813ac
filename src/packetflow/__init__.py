"""PacketFlow: declare a capability or an actor once; plans, runs, memory, API and traces follow from it."""

from packetflow._core.actor import Actor, Restart
from packetflow._core.capability import ActorCapability, Capability, capability
from packetflow._core.combinators import branch, each, fold, retry, when
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
from packetflow._core.grant import Grant
from packetflow._core.plan import Plan
from packetflow._core.ref import Ref
from packetflow._core.run import Run
from packetflow._core.step import Step
from packetflow._runtime.client import Client
from packetflow.app import App

__all__ = [
    "Actor",
    "ActorCapability",
    "App",
    "CallError",
    "Capability",
    "CapabilityFailed",
    "Client",
    "Conflict",
    "Constraint",
    "Context",
    "Effect",
    "Event",
    "Grant",
    "NotFound",
    "NotUnderstood",
    "PacketFlowError",
    "Plan",
    "PlanRejected",
    "Ref",
    "Restart",
    "Run",
    "Step",
    "branch",
    "capability",
    "each",
    "fold",
    "retry",
    "when",
]
