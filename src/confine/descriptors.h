/* Which descriptors the engine has, by number: a filter of system calls sees numbers and cannot
 * be changed any more, so what may be done with one is tied to its number. Whoever replaces the
 * sockets puts the new ones in the same places (dup3). */
#ifndef WG_CONFINE_DESCRIPTORS_H
#define WG_CONFINE_DESCRIPTORS_H

enum wg_confine_descriptor {
	WG_CONFINE_FD_INPUT,  /* /dev/null */
	WG_CONFINE_FD_OUTPUT, /* /dev/null */
	WG_CONFINE_FD_LOG,    /* standard error: what libc and sanitizers say at the end */
	WG_CONFINE_FD_PAIR,   /* to the keeper */
	WG_CONFINE_FD_TUN,
	WG_CONFINE_FD_IPV4, /* UDP sockets */
	WG_CONFINE_FD_IPV6,
	WG_CONFINE_FD_RECORD, /* a memfd, what is left when the engine ends without a word */
	WG_CONFINE_N_FIXED
};

/* All, with libuv's own and those that arrive before they are put in their places: RLIMIT_NOFILE,
 * and the bound of what reads and writes may name. */
#define WG_CONFINE_N_DESCRIPTORS 64

#endif
