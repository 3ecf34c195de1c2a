"""The API under a limit of open files that it cannot raise: `IMAGEMILL_TAG` is the limit."""

import os
import resource
import runpy

if __name__ == "__main__":
    files = int(os.environ["IMAGEMILL_TAG"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    runpy.run_module("api", run_name="__main__")
