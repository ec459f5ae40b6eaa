"""Motion to text: describe a motion limb by limb."""
