"""The one contract of every Fabric, put to each of ours."""

import pytest

from packetflow._core.ports import Fabric
from packetflow.fabrics.local import LocalFabric
from packetflow.testing.fabric_contract import FabricContract
from packetflow.testing.faulty_fabric import FaultyFabric


class TestLocalFabric(FabricContract):
    @pytest.fixture
    def fabric(self) -> Fabric:
        return LocalFabric()


class TestFaultyFabricWithoutFaults(FabricContract):
    @pytest.fixture
    def fabric(self) -> Fabric:
        return FaultyFabric(LocalFabric())
