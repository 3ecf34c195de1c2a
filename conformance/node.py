"""Programs of Node: their packages by a lock file, and what they print."""

import shutil
import subprocess
from pathlib import Path

from conformance.service import PATIENCE

OLDEST_NODE = 20
"""Redocly and Lighthouse run on no older one."""
NOT_FETCHED = "the packages of Node could not be fetched"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class NoNode(Exception):
    """Node or its packages are not here; the text says which."""


class NodeFailed(Exception):
    """A program of Node ended with an error; the text is what it printed. pytest would shorten it in an assertion."""


def fetch_packages(source: Path, directory: Path) -> Path:
    """Copy a folder with programs, and fetch the packages of its lock file into the copy. Raise NoNode."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise NoNode("Node is not installed (on Debian: apt install nodejs npm)")
    if int(run_node(source, "node", "--version").strip("v\n").partition(".")[0]) < OLDEST_NODE:
        raise NoNode(f"Node is older than {OLDEST_NODE}")
    shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    try:
        done = subprocess.run(INSTALL, cwd=directory, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NoNode(NOT_FETCHED) from None
    if "ENOTFOUND" in done.stderr or "ECONNREFUSED" in done.stderr or "EAI_AGAIN" in done.stderr:
        raise NoNode(NOT_FETCHED)
    if done.returncode:
        raise NodeFailed(done.stderr)
    return directory


def run_node(directory: Path, *command: str) -> str:
    """What a program of Node prints. Raises NodeFailed."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise NodeFailed(done.stdout + done.stderr)
    return done.stdout
