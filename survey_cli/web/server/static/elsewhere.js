// Asks for the same page again. This request comes from our own page, so it has the cookie. The whole
// address is given: a path such as `//other.example` would lead to another host.
location.replace(location.href.split("#")[0]);
