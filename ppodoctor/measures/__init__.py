"""Numbers from columns and specimens: numpy only, no torch, no environment."""
