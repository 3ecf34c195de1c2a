"""A new format is one module and one row: a toy is added to a copy of the engine, as docs/contributing/add-a-format.md says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing" / "add-a-format.md"
SHOWN = ("core/formats.py", "engine/codecs/sgi.py", "conformance/matrix/sources.py", "conformance/matrix/reference.py")

ROW = """
    Format(
        "toy", "Toy", "image/x-toy", "toy", magic.starts(b"TOY1"), modes=frozenset({"RGB"}),
        options=EVERY_TARGET | {"background"},
    ),
"""

MODULE = '''
"""A toy: four letters, width and height in two bytes each, and samples."""

import struct
from functools import partial

from PIL import Image

from engine.codecs.registry import Codec, Encoder
from engine.errors import truncated
from engine.image import Frame, Opened
from engine.limits import check_pixels


def open_toy(data, limits):
    width, height = struct.unpack_from(">HH", data, 4)
    check_pixels(width * height, limits.max_pixels)
    if len(data) < 8 + 3 * width * height:
        raise truncated()
    read = partial(_read, data, (width, height))
    return Opened(format="toy", size=(width, height), pixels=width * height, read=read, opaque=True)


def _read(data, size):
    yield Frame(Image.frombytes("RGB", size, data[8:]))


def write_toy(frame, _plan, sink):
    sink.write(b"TOY1" + struct.pack(">HH", *frame.image.size) + frame.image.tobytes())
    return frame.image.size


CODEC = Codec(open=open_toy, encoder=Encoder(pillow="", write_still=write_toy))
'''

USED = """
import io
from pathlib import Path

from PIL import Image

import engine
from core.formats import find_target, sniff
from core.options import Options
from engine.pipeline import convert
from engine.request import Header, Request
from worker.sandbox.memory_forecast import at_start, forecast
from worker.sandbox.zygote import GENEROUS, warm_up

assert Path(engine.__file__).is_relative_to(Path.cwd()), engine.__file__
warm_up()


def through(source, target, data):
    assert sniff(data[:64]).name == source
    request, sink = Request(source=source, target=target, options=Options(), limits=GENEROUS), io.BytesIO()
    assert 0 < at_start(source, len(data), GENEROUS) <= GENEROUS.memory_bytes
    header = Header(source_area=400, target_area=400, frames=1, alpha=False)
    assert 0 < forecast(request, header, len(data)) <= GENEROUS.memory_bytes
    outcome = convert(request, data, sink)
    return sink.getvalue() if outcome.failure is None else outcome.failure.code


picture = Image.linear_gradient("L").resize((20, 20)).convert("RGB")
png = io.BytesIO()
picture.save(png, "PNG")
toy = through("png", "toy", png.getvalue())
assert find_target("Toy") is not None
assert toy == b"TOY1\\0\\x14\\0\\x14" + picture.tobytes()
assert Image.open(io.BytesIO(through("toy", "png", toy))).convert("RGB").tobytes() == picture.tobytes()
assert through("toy", "png", toy[:-1]) == "truncated_image"
print("converted")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ("core", "engine", "worker"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def add_row(copy: Path) -> None:
    formats = copy / "core" / "formats.py"
    text, before = formats.read_text(encoding="utf-8"), "    # The last: it is told"
    assert text.count(before) == 1
    formats.write_text(text.replace(before, ROW + before), encoding="utf-8")


def add_module(copy: Path) -> None:
    (copy / "engine" / "codecs" / "toy.py").write_text(MODULE, encoding="utf-8")


def use(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", USED], cwd=copy, capture_output=True, text=True, check=False)


def test_a_module_and_a_row_are_a_format(copy: Path) -> None:
    add_row(copy)
    add_module(copy)
    done = use(copy)
    assert (done.stdout, done.stderr) == ("converted\n", "")


def test_a_row_without_a_module_is_said_at_the_start(copy: Path) -> None:
    add_row(copy)
    assert use(copy).stderr == "Toy is in core.formats, but there is no engine/codecs/toy.py with a CODEC.\n"


def test_a_module_without_a_row_is_said_at_the_start(copy: Path) -> None:
    add_module(copy)
    assert use(copy).stderr == "engine/codecs/toy.py has a CODEC, but core.formats has no row `toy`.\n"


def test_the_page_shows_the_code_that_is_there() -> None:
    blocks = re.findall(r"```(?:python|text)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    sources = [(ROOT / name).read_text(encoding="utf-8") for name in SHOWN]
    assert len(blocks) >= len(SHOWN)
    assert [block for block in blocks if not any(block in source for source in sources)] == []
