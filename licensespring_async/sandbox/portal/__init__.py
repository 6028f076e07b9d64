"""What the vendor's portals do for devices without a network, so that a whole round trip can be tried here.

`files.py` turns request files into license files and makes refresh files, `air_gap.py` makes codes and policy files.
`pages.py` has both as a page for people.
"""

from .portal import Portal

__all__ = ["Portal"]
