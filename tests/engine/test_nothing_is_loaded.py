"""A child may open no file, so everything that a conversion needs has to be loaded before."""

import pickle
import struct
import subprocess
import sys

from conformance import images
from conformance.fuzz.seeds import seeds

SCRIPT = """
import io, pickle, sys
from core.formats import TARGETS, is_installed
from core.options import Options
from engine.pipeline import convert
from engine.request import Request
from worker.sandbox.zygote import GENEROUS, warm_up

files = pickle.load(sys.stdin.buffer)
warm_up()
opened = set()
sys.addaudithook(lambda event, details: opened.add(str(details[0])) if event == "open" else None)
every = Options(
    metadata="safe", rotate=90, crop="1:1", width=9, height=12, fit="pad", background="#204060", colors=9, page=1,
    max_bytes=100_000, quality=50, subsampling="422", loop=2, paper="a4", sizes="16", dpi=99,
)
targets = [target.name for target in TARGETS if is_installed(target)]
for source, some in files.items():
    for place, data in enumerate(some):
        for target in targets if not place else ("tiff", "webp", "gif"):
            for options in (Options(metadata="keep"), Options(color="keep"), every):
                convert(Request(source=source, target=target, options=options, limits=GENEROUS), data, io.BytesIO())
packed = io.BytesIO()
convert(Request(source="jpeg", target="jxl", options=Options(lossless=True), limits=GENEROUS), files["jpeg"][0], packed)
for target in ("jpeg", "pdf"):
    convert(Request(source="jxl", target=target, options=Options(), limits=GENEROUS), packed.getvalue(), io.BytesIO())
assert b"jbrd" in packed.getvalue()
print(sum(map(len, files.values())) > 100, *sorted(opened))
"""


def test_conversions_open_no_file() -> None:
    files = dict(seeds())
    whole = images.encoded(images.quarters(), "PNG")
    files["png"] = [*files["png"], whole[:33] + images.chunk(b"gAMA", struct.pack(">I", 100_000)) + whole[33:]]
    done = subprocess.run([sys.executable, "-c", SCRIPT], input=pickle.dumps(files), capture_output=True, check=True)
    assert done.stdout.strip() == b"True"
