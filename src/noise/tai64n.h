/* TAI64N timestamps (paper, section 5.1): big-endian, compared as bytes. */
#ifndef WG_NOISE_TAI64N_H
#define WG_NOISE_TAI64N_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "noise/wire.h"

/* The last timestamp that was given out; zero is a fresh clock. */
struct wg_tai64n_clock {
	int64_t sec;
	int32_t nsec;
};

/* The timestamp of now, whitened to 2^24 ns (16.8 ms), and always later than the
 * one before, also when the wall clock stands still or steps back. */
void wg_tai64n_next(struct wg_tai64n_clock *clock, uint8_t timestamp[static WG_TAI64N_LEN],
		    struct wg_now now);

/* Whether a is later than b. */
bool wg_tai64n_after(const uint8_t a[static WG_TAI64N_LEN], const uint8_t b[static WG_TAI64N_LEN]);

#endif
