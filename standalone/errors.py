"""The one way in which the launcher gives up."""


class StartupError(Exception):
    """Something keeps the service from starting; its text is one sentence for the person at the terminal."""
