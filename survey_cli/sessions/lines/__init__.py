"""Lines with roles: what the pages of an interview and of a station say, for every interface to draw."""
