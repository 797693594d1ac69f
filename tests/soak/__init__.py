"""Is anything lost when the interview is killed at any instant? Interviews are held in a terminal, broken off again and
again, and what they left is compared with what was shown. It asks the program nothing but what a user can see."""
