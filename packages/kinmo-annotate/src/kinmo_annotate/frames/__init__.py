"""What single frames look like: pose codes, a sentence for each frame, and keyframes found by these sentences."""
