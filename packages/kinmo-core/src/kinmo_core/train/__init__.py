"""Shared parts of training: command line, data order, callbacks. Only modules named `train` import Lightning."""
