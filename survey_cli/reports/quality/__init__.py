"""Quality of interviewing: indicators, what chance explains of them, draw of reviews."""
