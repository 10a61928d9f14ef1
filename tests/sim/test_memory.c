/* An engine whose memory is out: each allocation fails in turn, and then all of them for a
 * while. What cannot be had whole is not had at all, nothing is lost for good, and when
 * there is memory again everything works within the protocol's own times. */
#include "scarce.h"
#include "sim/scene.h"

#include "core/timers.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "ctl/uapi.h"
#include "lockedkey.h"
#include "sim/drive.h"

#define PEERS 300u

/* An initiation that was lost is sent again by then, jitter included. */
#define RETRIED (WG_REKEY_TIMEOUT + WG_SECOND)

void __real_wg_device_tick(struct wg_device *device, struct wg_now now, struct wg_out *out);
void __wrap_wg_device_tick(struct wg_device *device, struct wg_now now, struct wg_out *out);
void __real_wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			       struct wg_out *out);
void __wrap_wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			       struct wg_out *out);
void __real_wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			       struct wg_out *out);
void __wrap_wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			       struct wg_out *out);
void __real_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out);
void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out);
int __real_wg_device_apply(struct wg_device *device, const struct wg_config *config,
			   struct wg_now now, struct wg_out *out);
int __wrap_wg_device_apply(struct wg_device *device, const struct wg_config *config,
			   struct wg_now now, struct wg_out *out);
void __real_wg_drive_flush(struct wg_out *out);
void __wrap_wg_drive_flush(struct wg_out *out);

void __wrap_wg_device_tick(struct wg_device *device, struct wg_now now, struct wg_out *out)
{
	scarce_enter();
	__real_wg_device_tick(device, now, out);
	scarce_leave();
}

void __wrap_wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			       struct wg_out *out)
{
	scarce_enter();
	__real_wg_device_from_tun(device, batch, now, out);
	scarce_leave();
}

void __wrap_wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			       struct wg_out *out)
{
	scarce_enter();
	__real_wg_device_from_udp(device, run, now, out);
	scarce_leave();
}

void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out)
{
	scarce_enter();
	__real_wg_device_finish(device, job, now, out);
	scarce_leave();
}

int __wrap_wg_device_apply(struct wg_device *device, const struct wg_config *config,
			   struct wg_now now, struct wg_out *out)
{
	int err;

	scarce_enter();
	err = __real_wg_device_apply(device, config, now, out);
	scarce_leave();
	return err;
}

/* The engine calls it, and it is the harness'. */
void __wrap_wg_drive_flush(struct wg_out *out)
{
	unsigned int inside = scarce.inside;

	scarce.inside = 0;
	__real_wg_drive_flush(out);
	scarce.inside = inside;
}

static void test_a_device_is_made_whole_or_not_at_all(void **state)
{
	struct wg_test_random random = {1};
	struct wg_device_options options = {wg_pool_new(1 << 20), wg_test_source(&random)};
	struct wg_device *device;
	long live = scarce.live;
	size_t n = 0;

	(void)state;
	assert_int_equal(wg_crypto_init(NULL), 0);
	for (;; n++) {
		scarce_begin(n, false);
		scarce_enter();
		device = wg_device_new(&options);
		scarce_leave();
		if (!scarce_end())
			break;
		assert_null(device);
		assert_int_equal(scarce.live, live);
	}
	assert_non_null(device);
	assert_true(n >= 5);
	wg_device_free(device);
	assert_int_equal(scarce.live, live);
	wg_pool_free(options.pool);
}

static void test_a_secret_is_had_or_not(void **state)
{
	static const size_t lens[] = {1, 64, 4000, 8192, 8193, 100000};
	size_t held = wg_secret_bytes_held();

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		void *secrets[200];
		size_t n = 0;

		/* Where a slab has room there is one for a while. */
		scarce_begin(0, true);
		scarce_enter();
		while (n < WG_ARRAY_LEN(secrets) && (secrets[n] = wg_secret_new(lens[i])))
			n++;
		scarce_leave();
		assert_true(scarce_end() || n == WG_ARRAY_LEN(secrets));
		for (; n < WG_ARRAY_LEN(secrets); n++) {
			secrets[n] = wg_secret_new(lens[i]);
			assert_non_null(secrets[n]);
			assert_true(wg_is_zero(secrets[n], lens[i]));
		}
		while (n > 0)
			wg_secret_free(secrets[--n], lens[i]);
	}
	assert_true(wg_secret_bytes_held() <= held + WG_ARRAY_LEN(lens) * 65536);
}

/* All that the control socket would tell of a device. */
static char *tell(const struct wg_sim_node *node)
{
	struct wg_config config;
	struct wg_text text;
	size_t len;
	char *told;

	wg_config_init(&config);
	wg_text_init(&text);
	assert_int_equal(wg_device_describe(node->device, &config, wg_sim_now(node)), 0);
	wg_uapi_format_device(&text, &config);
	wg_uapi_format_peers(&text, &config);
	told = wg_text_take(&text, &len);
	assert_non_null(told);
	wg_config_deinit(&config);
	return told;
}

/* PEERS peers, of which none is there, with prefixes that branch and one of b's. */
static void make_change(struct wg_config *change, const struct wg_sim_node *b)
{
	wg_config_init(change);
	for (unsigned int i = 0; i < PEERS; i++) {
		const uint8_t key[WG_KEY_LEN] = {9, (uint8_t)i, (uint8_t)(i >> 8)};
		struct wg_config_peer *peer = change_peer(change, key);
		struct wg_prefix prefix4 = {
			{WG_FAMILY_IPV4, {172, (uint8_t)(i >> 8), (uint8_t)(i * 37), 0}}, 24};
		struct wg_prefix prefix6 = {{WG_FAMILY_IPV6, {0xfd, (uint8_t)(i * 91)}}, 48};

		peer->has_preshared_key = true;
		wg_test_set_key(&peer->preshared_key, 0, 1);
		assert_int_equal(wg_config_add_allowed_ip(peer, &prefix4, false), 0);
		assert_int_equal(wg_config_add_allowed_ip(peer, &prefix6, false), 0);
		if (i == PEERS - 1) {
			const struct wg_prefix theirs = {b->inner6, 128};

			assert_int_equal(wg_config_add_allowed_ip(peer, &theirs, false), 0);
		}
	}
}

/* The change, in which the nth allocation fails, of an engine that made none before, since
 * memory that was reserved stays so. Whether one did. */
static bool change_with(bool replace, size_t n)
{
	long live = scarce.live;
	struct wg_sim *sim = wg_sim_pair(3);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config change;
	char *before;
	char *after;
	bool refused;
	int err;

	wg_sim_assert_works(a, b);
	before = tell(a);
	make_change(&change, b);
	change.replace_peers = replace;
	scarce_begin(n, n % 2);
	err = wg_sim_apply(a, &change);
	refused = scarce_end();
	/* Not all that is asked for is needed: tables that make looking up faster are not. */
	if (err) {
		assert_true(refused);
		assert_int_equal(err, -ENOMEM);
		after = tell(a);
		assert_string_equal(after, before);
		free(after);
		wg_sim_assert_works(a, b);
		make_change(&change, b);
		change.replace_peers = replace;
		err = wg_sim_apply(a, &change);
	}
	assert_int_equal(err, 0);
	assert_int_equal(count_peers(a), replace ? PEERS : PEERS + 1);
	if (!replace)
		wg_sim_assert_works(a, b);
	free(before);
	wg_sim_free(sim);
	assert_int_equal(scarce.live, live);
	return refused;
}

static void test_a_change_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	for (int replace = 0; replace < 2; replace++) {
		size_t n = 0;

		while (change_with(replace, n))
			n++;
		assert_true(n >= 6);
	}
}

/* A handshake and packets, in which the nth allocation fails. Whether one did. */
static bool shake_with(enum wg_sim_jobs jobs, size_t n)
{
	long live = scarce.live;
	struct wg_sim *sim = wg_sim_pair(4);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config_health health;
	bool refused;

	sim->jobs = jobs;
	scarce_begin(n, false);
	wg_sim_send(a, b);
	wg_sim_run(sim, WG_SECOND);
	refused = scarce_end();
	health = wg_sim_describe(a, b->public_key).health;
	/* Lost before anybody wanted a session for it. */
	if (!health.session && !health.initiations_sent)
		wg_sim_send(a, b);
	/* All else that was lost is made up for without being asked. */
	wg_sim_run(sim, RETRIED);
	assert_true(wg_sim_describe(a, b->public_key).health.session);
	assert_true(wg_sim_describe(b, a->public_key).health.session);
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
	assert_int_equal(scarce.live, live);
	return refused;
}

static void test_a_handshake_that_finds_no_memory_is_tried_again(void **state)
{
	(void)state;
	for (int jobs = 0; jobs < 2; jobs++) {
		size_t n = 0;

		while (shake_with((enum wg_sim_jobs)jobs, n))
			n++;
		assert_true(n >= 4);
	}
}

static void test_a_minute_without_any_memory_is_survived(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		long live = scarce.live;
		struct wg_sim *sim = wg_sim_pair(seed);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];

		sim->jobs = seed % 2 ? WG_SIM_WORKERS : WG_SIM_INLINE;
		if (seed < 4)
			wg_sim_assert_works(a, b);
		/* Also across the end of a session, where another is due. */
		wg_sim_run(sim, seed % 4 < 2 ? 0 : 100 * WG_SECOND);
		scarce_begin(wg_test_below(&sim->random, 3), true);
		for (unsigned int tenth = 0; tenth < 600; tenth++) {
			wg_sim_send(a, b);
			wg_sim_send(b, a);
			wg_sim_run(sim, 100 * WG_MILLISECOND);
		}
		scarce_end();
		wg_sim_send(a, b);
		wg_sim_send(b, a);
		wg_sim_run(sim, RETRIED);
		wg_sim_assert_works(a, b);
		wg_sim_free(sim);
		assert_int_equal(scarce.live, live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_is_made_whole_or_not_at_all),
		cmocka_unit_test(test_a_secret_is_had_or_not),
		cmocka_unit_test(test_a_change_is_made_whole_or_not_at_all),
		cmocka_unit_test(test_a_handshake_that_finds_no_memory_is_tried_again),
		cmocka_unit_test(test_a_minute_without_any_memory_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
