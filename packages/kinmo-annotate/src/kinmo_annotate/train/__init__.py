"""`kinmo-annotate predict`: describe a data set with the processes of a Lightning Trainer."""
