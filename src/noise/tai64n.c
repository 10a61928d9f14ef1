/* Timestamps are whitened so that they tell a listener less about the sender's clock
 * and timers; Linux clears the same bits. */
#include "noise/tai64n.h"

#include <string.h>

#include "base/bytes.h"

/* TAI's count of seconds at the Unix epoch: 2^62, and 10 s of leap before 1972. */
#define TAI_EPOCH UINT64_C(0x400000000000000a)

#define GRAIN_NSEC (1 << 24)

static bool later(int64_t a_sec, int32_t a_nsec, int64_t b_sec, int32_t b_nsec)
{
	return a_sec > b_sec || (a_sec == b_sec && a_nsec > b_nsec);
}

void wg_tai64n_next(struct wg_tai64n_clock *clock, uint8_t timestamp[static WG_TAI64N_LEN],
		    struct wg_now now)
{
	int32_t nsec = now.wall_nsec - now.wall_nsec % GRAIN_NSEC;

	if (later(now.wall_sec, nsec, clock->sec, clock->nsec)) {
		clock->sec = now.wall_sec;
		clock->nsec = nsec;
	} else {
		clock->nsec += GRAIN_NSEC;
		if (clock->nsec >= WG_SECOND) {
			clock->sec++;
			clock->nsec = 0;
		}
	}
	wg_store_be64(timestamp, TAI_EPOCH + (uint64_t)clock->sec);
	wg_store_be32(timestamp + 8, (uint32_t)clock->nsec);
}

bool wg_tai64n_after(const uint8_t a[static WG_TAI64N_LEN], const uint8_t b[static WG_TAI64N_LEN])
{
	return memcmp(a, b, WG_TAI64N_LEN) > 0;
}
