"""What meets a living framework: a user's Keras layer run as a host call."""

from loadstone.live.host import Hosts

__all__ = ["Hosts"]
