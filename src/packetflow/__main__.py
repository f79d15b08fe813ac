"""`python -m packetflow` is the command `packetflow`."""

from packetflow.cli.root import main

if __name__ == "__main__":
    main()
