/* Randomness as a value: the shell passes the system's, a simulation a seeded one. */
#ifndef WG_BASE_RANDOM_H
#define WG_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct wg_random {
	void (*fill)(void *ctx, void *dst, size_t len);
	void *ctx;
};

static inline void wg_random_fill(const struct wg_random *random, void *dst, size_t len)
{
	random->fill(random->ctx, dst, len);
}

static inline uint32_t wg_random_u32(const struct wg_random *random)
{
	uint32_t value;

	random->fill(random->ctx, &value, sizeof(value));
	return value;
}

#endif
