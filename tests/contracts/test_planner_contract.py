"""The one contract of every Planner, put to the one that needs no model."""

import pytest

from packetflow._core.ports import Planner
from packetflow.planners.rules.planner import RulesPlanner
from packetflow.testing.planner_contract import PlannerContract


class TestRulesPlanner(PlannerContract):
    @pytest.fixture
    def planner(self) -> Planner:
        return RulesPlanner()
