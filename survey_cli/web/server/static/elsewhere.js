// Asks for the same page again. This request comes from our own page, so it has the cookie.
location.replace(location.pathname + location.search);
