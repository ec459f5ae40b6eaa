"""Training of the alignment. The only place of this package that imports Lightning."""
