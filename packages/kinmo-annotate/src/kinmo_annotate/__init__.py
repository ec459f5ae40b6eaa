"""Motion to text: describe a motion limb by limb."""

__version__ = "0.1.0"
