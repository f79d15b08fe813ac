"""The command line, `packetflow`."""

from packetflow.cli.root import main

__all__ = ["main"]
