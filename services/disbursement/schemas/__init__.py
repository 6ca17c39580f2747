"""What the API takes and gives, one file for each room of `api`. Unknown fields are refused."""
