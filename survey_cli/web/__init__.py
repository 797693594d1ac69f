"""Seats in the browser: a station that runs on the server and is shown in a page.

Three kinds of processes take part. The *spawner* is started first and only forks the others. *web*
knows accounts and sockets, and no study. Each *seat* runs one person's station, or what a
supervisor asked for, and knows one study and one person. `cli` passes in what a seat runs, so this
package knows neither the full screen nor the plain interface.
"""
