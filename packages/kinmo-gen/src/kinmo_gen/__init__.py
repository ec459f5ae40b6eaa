"""Text to motion: residual-quantised tokens, masked and residual transformers."""
