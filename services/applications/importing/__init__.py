"""Taking in officers' lists: received and kept sealed, then read, checked and entered by a job."""
