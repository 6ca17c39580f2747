"""What the law and the statistics office name: ethnic groups, administrative units, identifiers."""
