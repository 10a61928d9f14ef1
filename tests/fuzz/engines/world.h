/* A world of two engines that are each other's peer, and of what is between them: what
 * is on its way, what an eavesdropper has, time, and memory that may be refused. The
 * engines are driven through here, so that all that they do is looked at, see
 * invariants.h. Nothing of it can fail: it aborts. */
#ifndef WG_FUZZ_ENGINES_WORLD_H
#define WG_FUZZ_ENGINES_WORLD_H

#include "core/engine.h"
#include "wgtest.h"

#define MAX_FLIGHT 512u
#define MAX_JOBS   600u
#define MAX_IDS    16384u
#define MAX_HOARD  1024u
#define OLD        32u
#define INNER_LEN  60u
#define MTU        1420u
/* How long a job may be under way: between planning and finishing, time may pass. */
#define JOB_TIME   WG_SECOND

/* On its way. */
struct wg_flying {
	unsigned int to; /* the side */
	struct wg_endpoint source;
	uint8_t ds;
	uint32_t len;
	uint8_t bytes[INNER_LEN + 100 + WG_HANDSHAKE_MAX_LEN];
};

struct wg_side {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_test_random random;
	struct wg_out out;
	bool finishing; /* inside flush, which finishes jobs: not again */
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	uint8_t psk[WG_KEY_LEN];  /* as it is set for its peer */
	struct wg_cookie_jar jar; /* of somebody who floods it */
	struct wg_ip inner;
	struct wg_endpoint endpoint;
	struct wg_job *jobs[MAX_JOBS];
	size_t n_jobs;
	struct wg_packet *hoard[MAX_HOARD];
	size_t n_hoard;
};

struct wg_world {
	struct wg_side sides[2];
	struct wg_flying flight[MAX_FLIGHT];
	size_t n_flight;
	struct wg_flying old[OLD]; /* what an eavesdropper has */
	size_t n_old;
	uint8_t ids[MAX_IDS]; /* 0: not sent; 1 + side: sent by it; 0x80: delivered */
	size_t n_ids;
	wg_time now_boot;
	bool refuse_secrets;
	size_t n_secrets; /* that were given out and not back */
	bool few_numbers;
	bool network_is_cut;
};

extern struct wg_world wg_world;

#define must(condition) ((condition) ? (void)0 : wg_world_fail(#condition, __FILE__, __LINE__))

void wg_world_fail(const char *what, const char *file, int line) __attribute__((noreturn));

/* The engines meet, with sessions to come. few_numbers: random indices often collide. */
void wg_world_begin(bool few_numbers);
/* Nothing more is said: what waits must go by itself, and all is given back. */
void wg_world_end(void);

struct wg_now wg_world_now(void);
/* A wg_random's, whose ctx is a side. */
void wg_world_random(void *ctx, void *dst, size_t len);
struct wg_side *wg_world_other(const struct wg_side *side);
/* Whether it holds packets, of its own memory or of what was given to it. */
bool wg_world_holds(const struct wg_side *side);

/* Takes what the engine put out. Each of the others, which call it, does, too. */
void wg_world_take(struct wg_side *side);
/* Runs and finishes job i, or the first of its lane; and all of them. */
void wg_world_finish(struct wg_side *side, size_t i);
void wg_world_finish_all(struct wg_side *side);
void wg_world_tick(struct wg_side *side);
/* Both engines are called whenever they asked for it. */
void wg_world_pass_time(wg_time duration);

/* Applies it and deinits it. */
void wg_world_apply(struct wg_side *side, struct wg_config *change);
/* Inits a change of the side's peer. */
struct wg_config_peer *wg_world_change_peer(struct wg_config *change, const struct wg_side *side);
/* A key of a change: it is had whatever is refused to the engine. */
void wg_world_lock(struct wg_lockedkey *to, const uint8_t key[static WG_KEY_LEN]);
void wg_world_add_peer(struct wg_side *side, bool with_endpoint);
void wg_world_remove_peer(struct wg_side *side);
/* A new private key. */
void wg_world_set_key(struct wg_side *side);
/* All of a side's packet buffers are held elsewhere, or given back. */
void wg_world_hoard(struct wg_side *side, bool all);

#endif
