"""Every address and name that a webhook must not reach, tried with the code that sends."""
