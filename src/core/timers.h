/* A peer's timers: deadlines in an array. Other files report what happened; only
 * this one knows what is due when (paper, section 6).
 *
 *   RETRANSMIT     an initiation was not answered: send another, or give up
 *   KEEPALIVE      data came and nothing was sent back: send a keepalive
 *   NEW_HANDSHAKE  data was sent and nothing came back: is the session dead?
 *   ZERO_KEYS      no new session for three times the lifetime of one: wipe
 *   PERSISTENT     nothing either way for the interval that the user set
 *   WAITING        something waits for a session: has a try to be made up for, and has
 *                  it waited too long?
 *
 * Only this folder includes it. */
#ifndef WG_CORE_TIMERS_H
#define WG_CORE_TIMERS_H

#include <stdbool.h>

#include "base/random.h"
#include "base/time.h"

#define WG_REKEY_TIMEOUT      (5 * WG_SECOND)
#define WG_KEEPALIVE_TIMEOUT  (10 * WG_SECOND)
#define WG_MAX_JITTER         (333 * WG_MILLISECOND)
/* REKEY_ATTEMPT_TIME / REKEY_TIMEOUT: how many times an initiation is repeated. */
#define WG_MAX_RETRIES        18u
#define WG_ZERO_KEYS_AFTER    (540 * WG_SECOND)
/* REKEY_ATTEMPT_TIME: no packet waits for a session for longer. */
#define WG_WAIT_TIME          (90 * WG_SECOND)
/* A session's initiator renews it when it receives at this age. */
#define WG_REKEY_RECEIVE_TIME (165 * WG_SECOND)

enum wg_timer {
	WG_TIMER_RETRANSMIT,
	WG_TIMER_KEEPALIVE,
	WG_TIMER_NEW_HANDSHAKE,
	WG_TIMER_ZERO_KEYS,
	WG_TIMER_PERSISTENT,
	WG_TIMER_WAITING,
	WG_TIMER_COUNT
};

struct wg_timers {
	wg_time due[WG_TIMER_COUNT]; /* WG_NEVER while not armed */
	wg_time persistent;          /* the interval; 0: off */
	wg_time patience;            /* of NEW_HANDSHAKE, jittered; 0: to be drawn */
	unsigned int retries;        /* initiations repeated since the last answer or new data */
	uint32_t advance_ms; /* by how much PERSISTENT comes sooner than the interval says */
	bool in_step; /* when it fires next, it may be together with other peers' PERSISTENT */
	bool another_keepalive; /* data came while a keepalive was pending */
	bool last_minute_done;  /* a handshake was asked for because of WG_REKEY_RECEIVE_TIME */
};

/* Disarms all of them; the persistent interval stays. */
void wg_timers_stop(struct wg_timers *timers);

/* The earliest deadline, or WG_NEVER. */
wg_time wg_timers_due(const struct wg_timers *timers);

/* Disarms and returns a timer that is due at now; WG_TIMER_COUNT if none is. */
enum wg_timer wg_timers_expire(struct wg_timers *timers, wg_time now);

/* A data packet, not a keepalive, was sent: expect something back. */
void wg_timers_data_sent(struct wg_timers *timers, wg_time now, const struct wg_random *random);
/* A data packet, not a keepalive, was received. */
void wg_timers_data_received(struct wg_timers *timers, wg_time now);
/* Anything authenticated, handshakes included, was sent or received. */
void wg_timers_authenticated_sent(struct wg_timers *timers, wg_time now);
void wg_timers_authenticated_received(struct wg_timers *timers, wg_time now);
/* An initiation was sent. */
void wg_timers_initiated(struct wg_timers *timers, wg_time now, const struct wg_random *random);
/* New data asks for a handshake: the count of tries starts again. Returns whether to begin
 * one; while a try is under way, only its jittered timer begins the next. */
bool wg_timers_handshake_wanted(struct wg_timers *timers);
/* The handshake under way was dropped: the next one need not wait. */
void wg_timers_handshake_dropped(struct wg_timers *timers);
/* A handshake is known to both sides. */
void wg_timers_handshake_complete(struct wg_timers *timers);
/* There are new keys, confirmed or not. */
void wg_timers_session_derived(struct wg_timers *timers, wg_time now);

/* Packets wait, the oldest of them since that time: they may not for ever. */
void wg_timers_waiting(struct wg_timers *timers, wg_time since);
/* A try was swallowed, because the last message of a handshake, sent at that time, is too
 * young: the try is made up for when 5 s are over. */
void wg_timers_swallowed(struct wg_timers *timers, wg_time sent, const struct wg_random *random);
/* Nothing waits any more. */
void wg_timers_nothing_waits(struct wg_timers *timers);
/* Whether a try is under way, whose timer begins the next. */
bool wg_timers_trying(const struct wg_timers *timers);

/* RETRANSMIT fired. Returns whether to try again; if not, the keepalive is stopped and the
 * wipe is armed. */
bool wg_timers_retry(struct wg_timers *timers, wg_time now);
/* KEEPALIVE fired. Returns, once, whether another one has been earned. */
bool wg_timers_take_another(struct wg_timers *timers);
/* PERSISTENT is due now, perhaps together with those of all other peers. */
void wg_timers_persistent_start(struct wg_timers *timers, wg_time now);
/* PERSISTENT fired: the next one is an interval away, whatever comes of this one. After a
 * start, or when it is late, as after a suspend, it comes sooner by a random part of half
 * the interval: otherwise those of many peers would fire together from then on. */
void wg_timers_persistent_fired(struct wg_timers *timers, wg_time now,
				const struct wg_random *random);

/* Sets the persistent interval; 0 turns it off. An interval that is running ends no later
 * than the new one would; one that was off begins with the next packet. */
void wg_timers_set_persistent(struct wg_timers *timers, wg_time interval, wg_time now);

#endif
