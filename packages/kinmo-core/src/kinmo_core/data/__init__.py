"""Data sets on disk: the HumanML3D directory layout, read and written."""
