"""What a person sees, as values: pure functions from what is known to what an editor or a terminal shows."""
