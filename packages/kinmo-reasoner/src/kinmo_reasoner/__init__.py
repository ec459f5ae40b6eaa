"""One sentence to the motion of every limb."""

__version__ = "0.1.0"
