"""Lines with roles: what an interview and a station say, for every interface to draw."""
