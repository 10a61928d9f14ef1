/* What benchmarks share: a clock, and how long to repeat a step. */
#ifndef WG_BENCH_WGBENCH_H
#define WG_BENCH_WGBENCH_H

#include <stddef.h>
#include <time.h>

#define WG_BENCH_ROUND_NS 60e6
#define WG_BENCH_ROUNDS   5

/* Of this thread alone, so that a busy machine disturbs less. */
static inline double wg_bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Nanoseconds that one call of step takes: the best of a few rounds, which is the
 * least disturbed one. */
static inline double wg_bench_ns(void (*step)(void *ctx), void *ctx)
{
	double best = 1e18;

	for (size_t round = 0, n = 16; round < WG_BENCH_ROUNDS;) {
		double start = wg_bench_now();
		double spent;

		for (size_t i = 0; i < n; i++)
			step(ctx);
		spent = wg_bench_now() - start;
		if (spent < WG_BENCH_ROUND_NS) {
			n *= 2;
			continue;
		}
		best = spent / (double)n < best ? spent / (double)n : best;
		round++;
	}
	return best;
}

#endif
