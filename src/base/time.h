/* Time is an argument here, never a call: the shell reads the clocks and passes them in. */
#ifndef WG_BASE_TIME_H
#define WG_BASE_TIME_H

#include <stdint.h>

/* Nanoseconds on a clock that never goes back and counts suspend (CLOCK_BOOTTIME). */
typedef int64_t wg_time;

#define WG_NEVER       INT64_MAX
#define WG_MILLISECOND ((wg_time)1000000)
#define WG_SECOND      ((wg_time)1000000000)

/* One moment on both clocks. The wall clock only feeds TAI64N timestamps and times that are
 * shown to people; it may step either way. */
struct wg_now {
	wg_time boot;
	int64_t wall_sec;  /* seconds since 1970-01-01 UTC */
	int32_t wall_nsec; /* 0 to 999 999 999 */
};

#endif
