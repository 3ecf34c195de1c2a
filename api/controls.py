"""How the form asks for each option: one table of groups with their labels, and the kind of control for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.wording import Words
from core.formats import Format
from core.option_kinds import Option
from core.options import BY_NAME


@dataclass(frozen=True, slots=True)
class Control:
    """How the form asks for one option: the kind of control follows from the option's values."""

    option: Option
    label: str

    @property
    def name(self) -> str:
        """Return the name of the field."""
        return self.option.name

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the choices, if they are few. A switch on by default can only be chosen to be off."""
        if self.option.type == "boolean":
            return ("true", "false") if self.option.default else ()
        return tuple(str(choice) for choice in self.option.choices)

    def list_choices(self, words: Words) -> Iterator[tuple[str, str]]:
        """Yield each choice as its value and its name. The first has no value: it is what holds when nothing is given."""
        default = "unchosen" if self.option.default is None else str(self.option.default).lower()
        usual = self.name_choice(default, words)
        yield "", words.say_or("{choice} (default)", "choice.standard").format(choice=usual)
        yield from ((choice, self.name_choice(choice, words)) for choice in self.choices if choice != default)

    def name_choice(self, choice: str, words: Words) -> str:
        """Return the name of a choice in the person's language. The English one stands in CHOICES."""
        return words.say_or(CHOICES[self.name][choice], f"choice.{self.name}.{choice}")

    @property
    def is_free_text(self) -> bool:
        """Return whether anything can be written into it: then the page says what it must be."""
        return bool(self.option.example)

    @property
    def is_switch(self) -> bool:
        """Return whether a checkbox does."""
        return self.option.type == "boolean" and not self.option.default

    def label_in(self, words: Words) -> str:
        """Return the label in the person's language. The English one stands here."""
        return words.say_or(self.label, f"option.{self.name}.label")

    def sentence_in(self, words: Words) -> str:
        """Return what the option does, in the person's language."""
        return words.say_or(self.option.sentence, f"option.{self.name}.sentence")

    def allowed_in(self, words: Words) -> str:
        """Return what the value must be, in the person's language."""
        return words.say_or(self.option.allowed, f"option.{self.name}.allowed")

    def list_takers(self, targets: Sequence[Format]) -> str:
        """Return the titles of the targets with this option; empty when all have it."""
        taking = [fmt.title for fmt in targets if self.name in fmt.options]
        return "" if len(taking) == len(targets) else ", ".join(taking)


LABELS = {
    "Size": {
        "width": "Width in pixels", "height": "Height in pixels", "fit": "Fit into width and height",
        "enlarge": "Enlarge smaller images", "rotate": "Turn clockwise, in degrees", "crop": "Cut out a part",
        "background": "Background colour",
    },
    "Quality": {
        "quality": "Quality", "max_bytes": "Largest file, in bytes", "lossless": "Lossless", "effort": "Effort, 0 fastest",
        "subsampling": "Resolution of colour", "progressive": "Progressive",
    },
    "Colours": {"color": "Colour profile", "colors": "Colours in the palette", "dither": "Dither"},
    "Pages and animation": {"page": "Only this page or frame", "animation": "Animation", "loop": "Plays"},
    "Paper and icons": {"dpi": "Resolution in dpi", "paper": "Paper", "sizes": "Sides of an icon's pictures"},
    "Metadata": {"metadata": "Metadata (camera, place, comments)"},
}  # fmt: skip
"""The options by their group in the form, with their labels."""

CHOICES = {
    "fit": {
        "inside": "Inside both", "cover": "Cover, the rest is cut off", "fill": "Fill, distorted", "pad": "Pad with a border",
    },
    "rotate": {"0": "As it is", "90": "90°, to the right", "180": "180°, upside down", "270": "270°, to the left"},
    "subsampling": {
        "unchosen": "By the quality", "420": "420, half both ways", "422": "422, half across", "444": "444, full",
    },
    "color": {"srgb": "sRGB, for screens", "keep": "Keep the profile"},
    "dither": {"true": "On", "false": "Off"},
    "animation": {"keep": "Keep all", "first": "First only"},
    "paper": {"fit": "Fit the picture", "a4": "A4", "letter": "Letter"},
    "metadata": {
        "strip": "Strip all", "safe": "Safe: author, rights, title", "keep": "Keep all",
    },
}  # fmt: skip
"""The choices of each option by their value, with their names. `unchosen` is that without a default."""

GROUPS = {
    title: tuple(Control(BY_NAME[name], label) for name, label in labels.items()) for title, labels in LABELS.items()
}
CONTROLS = tuple(control for controls in GROUPS.values() for control in controls)


def group_title(title: str, words: Words) -> str:
    """Return the title of a group in the person's language. The English one is its key in LABELS."""
    return words.say_or(title, f"group.{title.lower().replace(' ', '_')}")
