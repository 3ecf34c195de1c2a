"""What people mostly want, as a target and its options: one table for the form and its script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.uploads import TARGET
from api.wording import Words
from core.formats import Format


@dataclass(frozen=True, slots=True)
class Preset:
    """A target and the fields of a form, as a person would fill it in. `sentence` says what they do."""

    name: str
    label: str
    sentence: str
    target: str
    fields: Mapping[str, str]

    def label_in(self, words: Words) -> str:
        """Return the label in the person's language. The English one stands here."""
        return words.say_or(self.label, f"preset.{self.name}.label")

    def sentence_in(self, words: Words) -> str:
        """Return what it does, in the person's language."""
        return words.say_or(self.sentence, f"preset.{self.name}.sentence")

    @property
    def chosen(self) -> dict[str, str]:
        """Return the fields of the form with its target."""
        return {TARGET: self.target, **self.fields}


PRESETS = (
    # Every browser since 2020 shows WebP. AVIF is smaller still, for five times the work, and an animation takes minutes.
    # 2048 pixels fill a wide column on a screen of double density.
    Preset(
        "web", "Web", "WebP, at most 2048 pixels a side, without camera and place.", "webp",
        {"width": "2048", "height": "2048"},
    ),
    # Every mail program shows JPEG. Most servers take 10 MB a mail and more, of which base64 leaves 7.
    # Quality 80 fits into 1 MB nearly always; where it does not, the best that fits is searched.
    Preset(
        "email", "E-mail", "JPEG, at most 1600 pixels a side and 1 MB, so that several go into one mail.", "jpeg",
        {"width": "1600", "height": "1600", "quality": "80", "max_bytes": "1000000"},
    ),
    # TIFF alone holds 16 bits, profiles, pages, EXIF, XMP and IPTC together, and programs of thirty years read it.
    Preset(
        "archive", "Archive", "TIFF without loss: all pages, the colour profile and the metadata stay.", "tiff",
        {"metadata": "keep", "color": "keep"},
    ),
    # What browsers ask for in tabs and bookmarks, and Windows on its desktop.
    Preset(
        "icon", "Icon", "ICO with pictures of 16, 32, 48 and 256 pixels, for a website or Windows.", "ico",
        {"sizes": "16,32,48,256"},
    ),
    # 300 dpi is what print shops ask for. Without a quality, a JPEG that fits goes in as it is.
    Preset(
        "print", "Print", "PDF on A4 at 300 dpi, a page for every picture or page.", "pdf", {"paper": "a4", "dpi": "300"}
    ),
)  # fmt: skip


def find_preset(name: str) -> Preset | None:
    """Return the preset of that name."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def list_presets(targets: Sequence[Format]) -> list[Preset]:
    """Return the presets whose target this service writes."""
    names = {fmt.name for fmt in targets}
    return [preset for preset in PRESETS if preset.target in names]
