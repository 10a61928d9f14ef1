/* Ways out that a process which was taken over might try, one by one. Each is harmless where it
 * succeeds, for it is also tried without any confinement, as root: what it would change is in
 * namespaces of its own or is asked for with an argument that is refused last. */
#ifndef WG_BREAKOUT_WAYS_H
#define WG_BREAKOUT_WAYS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/descriptors.h"

/* Its descriptors are the engine's, with two differences. */
#define WG_BREAKOUT_TERMINAL WG_CONFINE_FD_INPUT  /* to be typed on */
#define WG_BREAKOUT_OTHER    WG_CONFINE_FD_RECORD /* a UDP socket that is in no socket's place */

struct wg_breakout {
	pid_t keeper; /* a process of root's outside; it only sleeps */
};

struct wg_way {
	const char *name;
	long (*try)(const struct wg_breakout *target); /* -1 and errno, or it got out */
	int granted; /* an errno that says: it was allowed, and only its argument was refused */
	const char *stays;  /* not NULL: it succeeds in spite of everything, and why that is so */
	bool passes_filter; /* what stops it is behind a pointer, or no system call's affair */
};

struct wg_ways {
	const struct wg_way *ways;
	size_t n;
};

extern const struct wg_ways wg_ways_to_files, wg_ways_to_sockets, wg_ways_to_processes,
	wg_ways_to_rights, wg_ways_into_the_kernel, wg_ways_by_descriptors;

/* What a line of the tables leaves out is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define WG_WAY(id, ...)                                  \
	static long id(const struct wg_breakout *target) \
	{                                                \
		(void)target;                            \
		return syscall(__VA_ARGS__);             \
	}

#define WG_WAYS(list)                    \
	{                                \
		list, WG_ARRAY_LEN(list) \
	}

#endif
