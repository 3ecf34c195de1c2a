"""The sandbox: each conversion runs in a confined process of its own."""
