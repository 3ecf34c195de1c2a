"""The launcher with small programs in the place of api, worker, janitor and migrations.

standins.py                 what `python -m standalone` does, with the stand-ins
standins.py api|idle|stubborn|parent|migrate    one of them
"""

import http.server
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from standalone.__main__ import main
from standalone.children import Program


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        shown = {name: value for name, value in os.environ.items() if name.startswith("IMAGEMILL_")}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("STANDIN_PAGE", json.dumps(shown)).encode())

    def log_message(self, *_: object) -> None:
        pass


def api() -> None:
    """Answers anything with 200 and STANDIN_PAGE or the IMAGEMILL_* environment; or refuses its settings."""
    if status := os.environ.get("STANDIN_API"):
        sys.exit(int(status))
    address = (os.environ["IMAGEMILL_HOST"], int(os.environ["IMAGEMILL_PORT"]))
    http.server.HTTPServer(address, Ready).serve_forever()


def idle() -> None:
    """Sleeps until it is ended."""
    time.sleep(3600)


def stubborn() -> None:
    """Takes no SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(sys.argv[2]).touch()
    time.sleep(3600)


def parent() -> None:
    """Has two children, one in a session of its own, and does nothing for them when it is ended."""
    for apart in (True, False):
        subprocess.Popen([sys.executable, __file__, "idle"], start_new_session=apart)
    time.sleep(3600)


def migrate() -> None:
    sys.exit(int(os.environ.get("STANDIN_MIGRATION", "0")))


def program(role: str, env: Mapping[str, str], *arguments: str) -> Program:
    return Program(name=role, command=[sys.executable, __file__, role, *arguments], env=env, judges_settings=True)


def services(env: Mapping[str, str]) -> Sequence[Program]:
    if "STANDIN_STUBBORN" in env:
        return [program("api", env), program("stubborn", env, env["STANDIN_STUBBORN"])]
    return [program("api", env), program("parent", env)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"api": api, "idle": idle, "stubborn": stubborn, "parent": parent, "migrate": migrate}[sys.argv[1]]()
    else:
        sys.exit(main(lambda env: program("migrate", env), services))
