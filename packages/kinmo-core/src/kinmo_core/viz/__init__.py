"""Pictures of motion without a 3-D engine: films, strips of poses, sheets of strips."""
