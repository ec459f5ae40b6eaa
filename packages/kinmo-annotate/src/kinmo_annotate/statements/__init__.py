"""From measures to statements: what torso, neck, arms, legs, pairs and the whole body do over time."""

from __future__ import annotations

from kinmo_annotate.measures import SIDES, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements.arms import arm_statements
from kinmo_annotate.statements.legs import leg_statements
from kinmo_annotate.statements.neck import neck_statements
from kinmo_annotate.statements.pairs import pair_statements
from kinmo_annotate.statements.postures import find_postures
from kinmo_annotate.statements.torso import find_jumps, torso_statements


def statements(signals: Signals) -> list[Observed]:
    """State what the six groups and the 15 pairs do: by limb, then by time."""
    jumps, postures = find_jumps(signals), find_postures(signals)
    arms = [one for side in SIDES for one in arm_statements(signals, side)]
    legs = [one for side in SIDES for one in leg_statements(signals, side, jumps, postures)]
    torso = torso_statements(signals, jumps, postures)
    return [*torso, *neck_statements(signals), *arms, *legs, *pair_statements(signals)]
