/* The kernel's release as a number that can be compared. */
#ifndef WG_BASE_RELEASE_H
#define WG_BASE_RELEASE_H

#include <stdint.h>

#define WG_RELEASE(major, minor, patch) \
	((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (uint64_t)(patch))

/* The first series of which nothing was known when this was written. */
#define WG_RELEASE_UNKNOWN WG_RELEASE(7, 2, 0)

/* The number of a release as uname(2) gives it, "6.1.0-18-amd64". 0 when it cannot be read. */
uint64_t wg_release_parse(const char *release);

#endif
