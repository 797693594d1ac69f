"""Quality of interviewing: indicators per interviewer beside what chance explains, and the draw of reviews."""
