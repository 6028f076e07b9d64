"""Invisible characters in names such as license keys and device ids, where copying leaves them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Parts of words in some scripts, such as Persian, and of emoji: there they are intended. Compiled at first use: that
# would take a twentieth of the time to import the package, and most names are ASCII.
_MEANT: Final = (
    "(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])"
    "|(?<=[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff])\ufe0f"
    "|(?<=[#*0-9])\ufe0f(?=\u20e3)"
)
# Control and format characters, and the separators of lines and paragraphs.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Fillers and selectors that are letters, marks or nothing yet by their category, and show nothing (Unicode:
# Default_Ignorable_Code_Point, and the empty pattern of Braille).
IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def flaw(value: str) -> str | None:
    """Return what is wrong with a name, or None. Visible parts of it are never repeated."""
    if value != value.strip():
        return "has white space around it; remove it"
    for character in value if value.isascii() else re.sub(_MEANT, "", value):
        if unicodedata.category(character) in _UNSEEN or IGNORABLE.match(character):
            is_control = unicodedata.category(character) == "Cc"
            called = unicodedata.name(character, "a control character" if is_control else "a character without a name")
            return (
                f"contains U+{ord(character):04X} ({called}), which cannot be seen; remove it, or type the text by hand"
            )
    return None
