"""From a file's bytes to the cells of its sheets, one module for each format; hostile files end here."""
