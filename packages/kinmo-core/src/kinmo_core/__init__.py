"""Human motion as kinematic groups: representation, features, files, metrics and pictures."""
