#include "core/timers.h"

/* A timer that fires later than this was held up, and others were, too. */
#define MAX_LATENESS WG_SECOND

static void arm(struct wg_timers *timers, enum wg_timer timer, wg_time due)
{
	timers->due[timer] = due;
}

static void disarm(struct wg_timers *timers, enum wg_timer timer)
{
	timers->due[timer] = WG_NEVER;
}

static bool armed(const struct wg_timers *timers, enum wg_timer timer)
{
	return timers->due[timer] != WG_NEVER;
}

static wg_time jitter(const struct wg_random *random)
{
	return (wg_time)(wg_random_u32(random) % (uint32_t)(WG_MAX_JITTER + 1));
}

static void traversed(struct wg_timers *timers, wg_time now)
{
	if (timers->persistent)
		arm(timers, WG_TIMER_PERSISTENT,
		    now + timers->persistent - timers->advance_ms * WG_MILLISECOND);
}

void wg_timers_stop(struct wg_timers *timers)
{
	for (int timer = 0; timer < WG_TIMER_COUNT; timer++)
		disarm(timers, (enum wg_timer)timer);
	timers->retries = 0;
	timers->patience = 0;
	timers->another_keepalive = false;
	timers->last_minute_done = false;
}

wg_time wg_timers_due(const struct wg_timers *timers)
{
	wg_time due = timers->due[0];

	for (int timer = 1; timer < WG_TIMER_COUNT; timer++)
		due = timers->due[timer] < due ? timers->due[timer] : due;
	return due;
}

enum wg_timer wg_timers_expire(struct wg_timers *timers, wg_time now)
{
	for (int timer = 0; timer < WG_TIMER_COUNT; timer++) {
		if (timers->due[timer] > now)
			continue;
		if (timer == WG_TIMER_PERSISTENT && now - timers->due[timer] > MAX_LATENESS)
			timers->in_step = true;
		disarm(timers, (enum wg_timer)timer);
		if (timer == WG_TIMER_NEW_HANDSHAKE)
			timers->patience = 0;
		return (enum wg_timer)timer;
	}
	return WG_TIMER_COUNT;
}

void wg_timers_data_sent(struct wg_timers *timers, wg_time now, const struct wg_random *random)
{
	if (armed(timers, WG_TIMER_NEW_HANDSHAKE))
		return;
	/* This timer is armed with nearly every vector and hardly ever fires: randomness,
	 * which may cost a system call, is drawn only when it fires. */
	if (!timers->patience)
		timers->patience = WG_KEEPALIVE_TIMEOUT + WG_REKEY_TIMEOUT + jitter(random);
	arm(timers, WG_TIMER_NEW_HANDSHAKE, now + timers->patience);
}

void wg_timers_data_received(struct wg_timers *timers, wg_time now)
{
	if (!armed(timers, WG_TIMER_KEEPALIVE))
		arm(timers, WG_TIMER_KEEPALIVE, now + WG_KEEPALIVE_TIMEOUT);
	else
		timers->another_keepalive = true;
}

void wg_timers_authenticated_sent(struct wg_timers *timers, wg_time now)
{
	disarm(timers, WG_TIMER_KEEPALIVE);
	timers->another_keepalive = false;
	traversed(timers, now);
}

void wg_timers_authenticated_received(struct wg_timers *timers, wg_time now)
{
	disarm(timers, WG_TIMER_NEW_HANDSHAKE);
	traversed(timers, now);
}

void wg_timers_initiated(struct wg_timers *timers, wg_time now, const struct wg_random *random)
{
	arm(timers, WG_TIMER_RETRANSMIT, now + WG_REKEY_TIMEOUT + jitter(random));
}

bool wg_timers_trying(const struct wg_timers *timers)
{
	return armed(timers, WG_TIMER_RETRANSMIT);
}

bool wg_timers_handshake_wanted(struct wg_timers *timers)
{
	timers->retries = 0;
	/* Otherwise two busy sides that both began would both begin again the moment that 5
	 * s are over, and overwrite each other's handshake for ever. */
	return !wg_timers_trying(timers);
}

void wg_timers_handshake_dropped(struct wg_timers *timers)
{
	disarm(timers, WG_TIMER_RETRANSMIT);
	timers->retries = 0;
}

void wg_timers_handshake_complete(struct wg_timers *timers)
{
	disarm(timers, WG_TIMER_RETRANSMIT);
	timers->retries = 0;
	timers->last_minute_done = false;
}

void wg_timers_session_derived(struct wg_timers *timers, wg_time now)
{
	arm(timers, WG_TIMER_ZERO_KEYS, now + WG_ZERO_KEYS_AFTER);
}

static void arm_waiting(struct wg_timers *timers, wg_time due)
{
	if (due < timers->due[WG_TIMER_WAITING])
		arm(timers, WG_TIMER_WAITING, due);
}

void wg_timers_waiting(struct wg_timers *timers, wg_time since)
{
	arm_waiting(timers, since + WG_WAIT_TIME);
}

void wg_timers_swallowed(struct wg_timers *timers, wg_time sent, const struct wg_random *random)
{
	/* The jitter keeps two sides apart that both swallowed a try at once. */
	arm_waiting(timers, sent + WG_REKEY_TIMEOUT + jitter(random));
}

void wg_timers_nothing_waits(struct wg_timers *timers)
{
	disarm(timers, WG_TIMER_WAITING);
}

bool wg_timers_retry(struct wg_timers *timers, wg_time now)
{
	if (timers->retries < WG_MAX_RETRIES) {
		timers->retries++;
		return true;
	}
	disarm(timers, WG_TIMER_KEEPALIVE);
	timers->another_keepalive = false;
	if (!armed(timers, WG_TIMER_ZERO_KEYS))
		arm(timers, WG_TIMER_ZERO_KEYS, now + WG_ZERO_KEYS_AFTER);
	return false;
}

bool wg_timers_take_another(struct wg_timers *timers)
{
	bool another = timers->another_keepalive;

	timers->another_keepalive = false;
	return another;
}

void wg_timers_persistent_start(struct wg_timers *timers, wg_time now)
{
	timers->in_step = true;
	arm(timers, WG_TIMER_PERSISTENT, now);
}

void wg_timers_persistent_fired(struct wg_timers *timers, wg_time now,
				const struct wg_random *random)
{
	uint32_t most_ms = (uint32_t)(timers->persistent / 2 / WG_MILLISECOND);

	timers->advance_ms = timers->in_step && most_ms ? wg_random_u32(random) % most_ms : 0;
	timers->in_step = false;
	traversed(timers, now);
}

void wg_timers_set_persistent(struct wg_timers *timers, wg_time interval, wg_time now)
{
	timers->persistent = interval;
	timers->advance_ms = 0;
	if (!interval)
		disarm(timers, WG_TIMER_PERSISTENT);
	else if (armed(timers, WG_TIMER_PERSISTENT) &&
		 timers->due[WG_TIMER_PERSISTENT] > now + interval)
		arm(timers, WG_TIMER_PERSISTENT, now + interval);
}
