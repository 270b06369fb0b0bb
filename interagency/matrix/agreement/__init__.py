"""An entity's consent that something be shared with an audience."""
