"""A stand-in for the vendor's portals, which serve devices without a network.

`files.py` turns request files into license files and makes refresh files. `air_gap.py` makes codes and policy files.
`pages.py` offers both on a web page.
"""

from .portal import Portal

__all__ = ["Portal"]
