"""Vietnamese typed before Unicode: how it is noticed and how it is read."""
