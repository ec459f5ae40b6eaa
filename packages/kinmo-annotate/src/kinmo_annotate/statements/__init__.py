"""From measures to statements: what torso, neck, arms, legs, pairs and the whole body do over time."""
