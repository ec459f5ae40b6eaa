"""Training of language models on timelines. Only modules named `train` import Lightning."""
