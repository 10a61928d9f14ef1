/* A tunnel that does nothing: what the link gives goes to a socket as it is, and back,
 * with all offloads and no cipher, no look-up, no protocol. What it carries is the limit
 * of TUN and UDP on this machine, for a real tunnel to be compared with. */
#ifndef WG_BENCH_NOTHING_H
#define WG_BENCH_NOTHING_H

/* Pings, 2 ms apart, and then one TCP stream (iperf3) for so many seconds, between two
 * network namespaces that a veth pair joins. Prints JSON objects, one a line:
 *
 *   {"bench":"null","pings":2000,"median_us":…,"p99_us":…}
 *   {"bench":"null","seconds":5,"gbit_s":…,"cpu_s_gbit":…}
 *
 * Of both forwarders together, like figures of both daemons. The process's exit status:
 * 77 where it may not make namespaces or a program is missing. */
int wg_nothing_measure(int seconds);

#endif
