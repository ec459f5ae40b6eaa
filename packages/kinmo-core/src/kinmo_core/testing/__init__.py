"""Fakes for tests, part of every install: a walking skeleton, text encoders without weights, a toy data set."""

from kinmo_core.testing.dataset import toy_dataset
from kinmo_core.testing.encoders import HashTextEncoder, WordEncoder
from kinmo_core.testing.puppet import Action, walking_joints

__all__ = ["Action", "HashTextEncoder", "WordEncoder", "toy_dataset", "walking_joints"]
