"""The version of the client: that of the service that it was released with."""

VERSION = "0.2.0"
