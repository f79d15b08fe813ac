"""The chat application: rooms, messages, analysis and agents, built on the public interface of PacketFlow alone."""
