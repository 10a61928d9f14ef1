/* Two TUN links, "in" and "out", in a network namespace that holds nothing else: packets
 * written to the first are forwarded to the second. For a probe in a child process, so only
 * system calls are made and nothing is allocated. Only this folder includes it. */
#ifndef WG_TUN_LOOP_LINKS_H
#define WG_TUN_LOOP_LINKS_H

#include <stdbool.h>

struct wg_loop_links {
	int in; /* with vnet headers, non-blocking */
	int out;
	bool has_ipv6;
	bool has_uso;
};

/* Makes them in the caller's present namespace. 0 or -errno; nothing is closed then, as
 * the process is about to end. */
int wg_loop_links_open(struct wg_loop_links *links);

/* Lets "out" take super-packets, or not. 0 or -errno. */
int wg_loop_links_offload(const struct wg_loop_links *links, bool on);

#endif
