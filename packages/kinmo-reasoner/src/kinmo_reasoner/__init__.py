"""One sentence to the motion of every limb."""
