"""What waits for whom: the front page of coordinators and focal points, and letters to focal points."""
