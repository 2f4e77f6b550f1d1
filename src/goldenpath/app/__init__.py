"""One file per use-case: the only place that knows the order of the stages. No rule lives here."""
