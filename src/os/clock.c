#include "os/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct wg_now wg_clock_now(void)
{
	struct timespec boot;
	struct timespec wall;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct wg_now){
		.boot = boot.tv_sec * WG_SECOND + boot.tv_nsec,
		.wall_sec = wall.tv_sec,
		.wall_nsec = (int32_t)wall.tv_nsec,
	};
}

int wg_alarm_open(struct wg_alarm *alarm)
{
	alarm->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	alarm->due = WG_NEVER;
	return alarm->fd < 0 ? -errno : 0;
}

void wg_alarm_close(struct wg_alarm *alarm)
{
	if (alarm->fd >= 0)
		close(alarm->fd);
	alarm->fd = -1;
}

void wg_alarm_set(struct wg_alarm *alarm, wg_time due)
{
	struct itimerspec spec = {0};

	if (due >= alarm->due)
		return;
	/* All zero would mean never; 1 ns after boot is long past. */
	if (due < 1)
		due = 1;
	spec.it_value.tv_sec = due / WG_SECOND;
	spec.it_value.tv_nsec = due % WG_SECOND;
	if (!timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &spec, NULL))
		alarm->due = due;
}

void wg_alarm_clear(struct wg_alarm *alarm)
{
	uint64_t times;
	ssize_t n = read(alarm->fd, &times, sizeof(times));

	(void)n; /* EAGAIN only when it was set anew since it rang */
	alarm->due = WG_NEVER;
}
