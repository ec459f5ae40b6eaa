"""Shared parts of training: command line, data order, callbacks. The only place of this package that imports Lightning."""
