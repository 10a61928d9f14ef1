/* The clocks, and one alarm on the clock that counts suspend. libuv's own timers run
 * on CLOCK_MONOTONIC, which stands still while the machine sleeps. */
#ifndef WG_OS_CLOCK_H
#define WG_OS_CLOCK_H

#include "base/time.h"

struct wg_now wg_clock_now(void);

/* A timerfd that is set to the earliest deadline. */
struct wg_alarm {
	int fd;
	wg_time due; /* what it is set to; WG_NEVER while it is not */
};

/* 0 or -errno. */
int wg_alarm_open(struct wg_alarm *alarm);
void wg_alarm_close(struct wg_alarm *alarm);

/* Makes sure that it rings at due or before. Ringing early does no harm and costs one
 * wake-up; setting it for every packet that moves a deadline would cost more. */
void wg_alarm_set(struct wg_alarm *alarm, wg_time due);

/* After it rang: it is silent until it is set again. */
void wg_alarm_clear(struct wg_alarm *alarm);

#endif
