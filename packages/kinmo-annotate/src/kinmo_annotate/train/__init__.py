"""`kinmo-annotate predict`: a data set described by all processes that a Lightning Trainer is given."""
