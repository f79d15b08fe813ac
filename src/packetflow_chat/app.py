"""The chat application: everything it declares, in one app."""

from __future__ import annotations

import packetflow as pf
from packetflow_chat.agents import PersistentChatAgent
from packetflow_chat.analyses import ANALYSES
from packetflow_chat.rooms import Room, list_rooms
from packetflow_chat.seed import seed

app = pf.App(*ANALYSES, list_rooms, Room, PersistentChatAgent, seed=seed)
