"""Files → Git. Renders nothing."""
