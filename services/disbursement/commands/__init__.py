"""Use cases: what people ask of this service. Each function runs in its caller's transaction."""
