/* Many peers that are not there: what they want costs those that are there nothing. */
#include "core/engine.h"
#include "crypto/secret.h"
#include "sim/drive.h"
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

/* Where one of the crowd is said to be, and what is behind it. */
static struct wg_ip outer(uint32_t i)
{
	const uint8_t bytes[4] = {198, 18, (uint8_t)(i >> 8), (uint8_t)i};

	return wg_ip_from_bytes(WG_FAMILY_IPV4, bytes);
}

static struct wg_ip inner(uint32_t i)
{
	const uint8_t bytes[4] = {10, 18, (uint8_t)(i >> 8), (uint8_t)i};

	return wg_ip_from_bytes(WG_FAMILY_IPV4, bytes);
}

static void name(uint8_t public_key[static WG_KEY_LEN], uint32_t i)
{
	memset(public_key, 0x5a, WG_KEY_LEN);
	wg_store_be32(public_key, i);
	public_key[WG_KEY_LEN - 1] = 0x2a;
}

/* Makes node know n peers at endpoints where nobody is. */
static void add_crowd(struct wg_sim_node *node, uint32_t n, uint16_t keepalive)
{
	struct wg_config change;

	wg_config_init(&change);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t public_key[WG_KEY_LEN];
		struct wg_config_peer *peer;
		struct wg_prefix behind = {inner(i), 32};

		name(public_key, i);
		wg_watch_add_key(&node->sim->keys, public_key);
		peer = change_peer(&change, public_key);
		peer->endpoint = (struct wg_endpoint){outer(i), WG_SIM_PORT, 0};
		peer->has_endpoint = true;
		peer->keepalive = keepalive;
		peer->has_keepalive = keepalive != 0;
		assert_int_equal(wg_config_add_allowed_ip(peer, &behind, false), 0);
	}
	assert_int_equal(wg_sim_apply(node, &change), 0);
}

static void send_to_crowd(struct wg_sim_node *node, uint32_t i, unsigned int n)
{
	struct wg_ip to = inner(i);

	while (n--)
		wg_sim_send_ip(node, &node->inner4, &to, 0, 100);
}

static void test_packets_for_those_who_are_not_there_stop_nobody(void **state)
{
	struct wg_sim *sim = wg_sim_pair(1);
	struct wg_sim_node *a = &sim->nodes[0];

	(void)state;
	add_crowd(a, 200, 0);
	for (uint32_t i = 0; i < 200; i++)
		send_to_crowd(a, i, 130);
	/* Neither the link's memory nor the engine's own is held by what waits. */
	assert_int_equal(wg_pool_bytes_used(a->pool), 0);
	assert_true(wg_device_bytes_held(a->device) <= WG_STAGED_BYTES + (1u << 20));
	wg_sim_assert_works(a, &sim->nodes[1]);
	/* When all is given up, the memory is given back. */
	wg_sim_run(sim, 200 * WG_SECOND);
	assert_int_equal(wg_pool_bytes_used(a->device->staged.pool), 0);
	wg_device_trim(a->device);
	assert_true(wg_device_bytes_held(a->device) < 1u << 20);
	wg_sim_free(sim);
}

static void test_who_has_most_waiting_loses_his_oldest_first(void **state)
{
	struct wg_sim *sim = wg_sim_pair(2);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	uint64_t first;

	(void)state;
	add_crowd(a, 17, 0);
	sim->net.loss = 1000;
	first = wg_sim_send(a, b);
	wg_sim_run(sim, WG_SECOND);
	/* 2047 more fill it. */
	for (uint32_t i = 0; i < 15; i++)
		send_to_crowd(a, i, 128);
	send_to_crowd(a, 15, 127);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_STAGED_EVICTED), 0);
	send_to_crowd(a, 16, 100);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_STAGED_EVICTED), 100);
	/* Whoever sends most takes it from himself: 128 of his own, less his share. */
	send_to_crowd(a, 16, 1000);
	assert_true(wg_sim_drops(a, WG_DROP_OUT_STAGED_FULL) == 0);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_STAGED_EVICTED), 1100);
	sim->net.loss = 0;
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_int_equal(wg_sim_got(b, first), 1);
	wg_sim_free(sim);
}

static void test_large_packets_count_as_large(void **state)
{
	struct wg_sim *sim = wg_sim_pair(3);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_ip to = inner(0);

	(void)state;
	add_crowd(a, 2, 0);
	send_to_crowd(a, 1, 128);
	for (int i = 0; i < 100; i++)
		wg_sim_send_ip(a, &a->inner4, &to, 0, 9000);
	assert_true(wg_pool_bytes_used(a->device->staged.pool) <= WG_STAGED_BYTES);
	/* They pushed each other out, not the small ones. */
	assert_true(wg_sim_drops(a, WG_DROP_OUT_STAGED_EVICTED) < 50);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_STAGED_EVICTED), 100 - 59);
	wg_sim_free(sim);
}

/* Takes all memory that handshakes, keepalives and errors come from. */
static void hoard(struct wg_sim_node *node, struct wg_batch *all)
{
	struct wg_packet *packet;

	wg_batch_init(all);
	while ((packet = wg_pool_get(node->pool, 100)))
		wg_batch_push(all, packet);
}

static void test_handshakes_have_memory_that_nothing_else_takes(void **state)
{
	struct wg_sim *sim = wg_sim_pair(4);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_batch all;
	uint64_t id;

	(void)state;
	a->busy = true;
	id = wg_sim_send(a, &sim->nodes[1]);
	hoard(a, &all);
	a->busy = false;
	wg_sim_run(sim, 0);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1);
	wg_batch_drop(&all);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_got(&sim->nodes[1], id), 1);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1);
	wg_sim_free(sim);
}

static void test_an_initiation_without_memory_is_as_if_it_were_lost(void **state)
{
	struct wg_sim *sim = wg_sim_pair(5);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_pool *pool = a->device->handshake_pool;
	struct wg_pool *none = wg_pool_new(1);
	uint64_t id;

	(void)state;
	a->device->handshake_pool = none;
	id = wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 4 * WG_SECOND);
	assert_int_equal(sim->n_sent, 0);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_MEMORY), 1);
	a->device->handshake_pool = pool;
	wg_sim_run(sim, 2 * WG_SECOND);
	assert_int_equal(wg_sim_got(&sim->nodes[1], id), 1);
	wg_pool_free(none);
	wg_sim_free(sim);
}

static void test_a_keepalive_without_memory_is_as_if_it_were_lost(void **state)
{
	struct wg_sim *sim = wg_sim_pair(6);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_batch all;
	size_t mark;

	(void)state;
	wg_sim_assert_works(a, &sim->nodes[1]);
	wg_sim_set_keepalive(a, sim->nodes[1].public_key, 25);
	wg_sim_run(sim, 12 * WG_SECOND);
	mark = wg_sim_mark(sim);
	hoard(a, &all);
	wg_sim_run(sim, 26 * WG_SECOND);
	assert_int_equal(wg_sim_mark(sim), mark);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_MEMORY), 1);
	wg_batch_drop(&all);
	wg_sim_run(sim, 25 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, mark), 1);
	wg_sim_free(sim);
}

static void test_a_keepalive_that_waits_takes_no_memory(void **state)
{
	struct wg_sim *sim = wg_sim_pair(7);
	struct wg_sim_node *a = &sim->nodes[0];

	(void)state;
	add_crowd(a, 600, 25);
	assert_int_equal(wg_pool_bytes_used(a->pool), 0);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 600);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_MEMORY), 0);
	wg_sim_assert_works(a, &sim->nodes[1]);
	wg_sim_free(sim);
}

#define N_FRIENDS 600u

/* A node with many sessions. */
static struct wg_sim_node *meet_friends(struct wg_puppet *friends[static N_FRIENDS], uint64_t seed)
{
	struct wg_sim *sim = wg_sim_new(seed);
	struct wg_sim_node *node = wg_sim_add(sim);

	for (uint32_t i = 0; i < N_FRIENDS; i++) {
		friends[i] = wg_puppet_new(node);
		friends[i]->endpoint.ip = outer(i);
		friends[i]->inner4 = inner(i);
		wg_puppet_befriend(friends[i], true);
		wg_puppet_shake(friends[i]);
	}
	wg_sim_run(sim, 20 * WG_SECOND);
	return node;
}

static void keep_all_alive(struct wg_sim_node *node, struct wg_puppet *friends[static N_FRIENDS])
{
	struct wg_config change;

	wg_config_init(&change);
	for (size_t i = 0; i < N_FRIENDS; i++) {
		struct wg_config_peer *peer = change_peer(&change, friends[i]->identity.public_key);

		peer->update_only = true;
		peer->has_keepalive = true;
		peer->keepalive = 25;
	}
	assert_int_equal(wg_sim_apply(node, &change), 0);
}

/* How many data messages were sent since mark, and the most within a second. */
static size_t count_and_crowd(const struct wg_sim_node *node, size_t mark, size_t *most)
{
	const struct wg_sim *sim = node->sim;
	size_t n = 0;

	*most = 0;
	for (size_t i = mark; i < sim->n_sent; i++) {
		size_t within = 0;

		assert_int_equal(sim->sent[i]->kind, WG_MESSAGE_TRANSPORT);
		n++;
		for (size_t k = i; k < sim->n_sent; k++)
			within += sim->sent[k]->at < sim->sent[i]->at + WG_SECOND;
		*most = within > *most ? within : *most;
	}
	return n;
}

static void test_more_keepalives_at_once_than_jobs_are_all_sent(void **state)
{
	struct wg_puppet *friends[N_FRIENDS];
	struct wg_sim_node *node = meet_friends(friends, 8);
	size_t mark = wg_sim_mark(node->sim);

	(void)state;
	node->busy = true;
	keep_all_alive(node, friends);
	assert_int_equal(wg_sim_mark(node->sim), mark);
	/* A turn does some of them, and is due again. */
	wg_drive_act(node);
	assert_true(wg_sim_mark(node->sim) - mark <= 64);
	assert_true(wg_device_due(node->device) <= wg_sim_now(node).boot);
	node->busy = false;
	wg_sim_run(node->sim, 0);
	assert_int_equal(wg_sim_mark(node->sim) - mark, N_FRIENDS);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_MEMORY), 0);
	wg_sim_free(node->sim);
}

static void test_keepalives_do_not_keep_in_step(void **state)
{
	struct wg_puppet *friends[N_FRIENDS];
	struct wg_sim_node *node = meet_friends(friends, 9);
	struct wg_sim *sim = node->sim;
	size_t mark;
	size_t most;

	(void)state;
	keep_all_alive(node, friends);
	wg_sim_run(sim, 0);
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 25 * WG_SECOND);
	assert_true(count_and_crowd(node, mark, &most) >= N_FRIENDS);
	assert_true(most < N_FRIENDS / 6);
	/* A suspend brings all of them together, once. */
	node->asleep = true;
	wg_sim_run(sim, 60 * WG_SECOND);
	node->asleep = false;
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 0);
	assert_int_equal(count_and_crowd(node, mark, &most), N_FRIENDS);
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 25 * WG_SECOND);
	assert_true(count_and_crowd(node, mark, &most) >= N_FRIENDS);
	assert_true(most < N_FRIENDS / 6);
	wg_sim_free(sim);
}

static void test_whoever_has_something_to_say_is_asked_before_the_crowd(void **state)
{
	struct wg_sim *sim = wg_sim_pair(10);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_endpoint at_b = wg_sim_endpoint(&sim->nodes[1], WG_FAMILY_IPV4);
	const struct wg_sim_datagram *initiation;
	size_t mark;

	(void)state;
	add_crowd(a, 1000, 25);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1000);
	/* All of the crowd want again. */
	a->busy = true;
	wg_sim_run(sim, 10 * WG_SECOND);
	for (int i = 0; i < 1000 / 64 + 1; i++)
		wg_drive_act(a);
	mark = wg_sim_mark(sim);
	wg_sim_send(a, &sim->nodes[1]);
	a->busy = false;
	wg_sim_run(sim, 0);
	for (size_t i = 0; i < 16; i++) {
		initiation = wg_sim_nth(a, WG_MESSAGE_INITIATION, mark, i);
		assert_non_null(initiation);
		if (wg_endpoint_equal(&initiation->destination, &at_b))
			break;
	}
	assert_true(wg_endpoint_equal(&initiation->destination, &at_b));
	wg_sim_free(sim);
}

static void test_an_initiation_without_a_job_keeps_its_turn(void **state)
{
	struct wg_sim *sim = wg_sim_pair(11);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_job *taken[WG_MAX_JOBS + 1]; /* and the NULL that ends them */
	size_t n = 0;

	(void)state;
	add_crowd(a, 4, 0);
	while ((taken[n] = wg_job_new(&a->device->jobs, WG_JOB_SEAL)))
		n++;
	for (uint32_t i = 0; i < 4; i++)
		send_to_crowd(a, i, 1);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(sim->n_sent, 0);
	/* One at a time. */
	wg_job_put(&a->device->jobs, taken[--n]);
	wg_sim_run(sim, 0);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 4);
	while (n)
		wg_job_put(&a->device->jobs, taken[--n]);
	wg_sim_free(sim);
}

static void test_the_memory_of_those_who_went_is_given_back(void **state)
{
	struct wg_sim *sim = wg_sim_pair(12);
	struct wg_sim_node *a = &sim->nodes[0];
	const struct wg_device *device = a->device;
	size_t secrets = wg_secret_bytes_held();
	size_t slots = device->slots_capacity;
	struct wg_config change;

	(void)state;
	wg_sim_assert_works(a, &sim->nodes[1]);
	add_crowd(a, 2000, 0);
	for (uint32_t i = 0; i < 2000; i++)
		send_to_crowd(a, i, 1);
	wg_sim_run(sim, WG_SECOND);
	assert_true(device->slots_capacity >= 2000);
	wg_config_init(&change);
	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t public_key[WG_KEY_LEN];

		name(public_key, i);
		change_peer(&change, public_key)->remove = true;
	}
	assert_int_equal(wg_sim_apply(a, &change), 0);
	assert_int_equal(device->slots_capacity, slots);
	assert_true(device->peers_by_key.n_buckets <= 16);
	assert_true(device->indices.n_buckets <= 16);
	assert_true(device->deadlines.capacity <= 16);
	/* A slab of each size may stay. */
	assert_true(wg_secret_bytes_held() <= secrets + 3 * 65536);
	assert_int_equal(wg_pool_bytes_used(device->staged.pool), 0);
	/* Who stays has what he had. */
	wg_sim_assert_works(a, &sim->nodes[1]);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1 + 2000);
	wg_sim_free(sim);
}

/* What the documentation says of it; how much it is with all tables is bench_peers'. */
static void test_a_peer_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct wg_peer) <= 640);
	assert_true(sizeof(struct wg_keypair) <= 1216);
	assert_true(sizeof(struct wg_attempt) <= 192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_for_those_who_are_not_there_stop_nobody),
		cmocka_unit_test(test_who_has_most_waiting_loses_his_oldest_first),
		cmocka_unit_test(test_large_packets_count_as_large),
		cmocka_unit_test(test_handshakes_have_memory_that_nothing_else_takes),
		cmocka_unit_test(test_an_initiation_without_memory_is_as_if_it_were_lost),
		cmocka_unit_test(test_a_keepalive_without_memory_is_as_if_it_were_lost),
		cmocka_unit_test(test_a_keepalive_that_waits_takes_no_memory),
		cmocka_unit_test(test_more_keepalives_at_once_than_jobs_are_all_sent),
		cmocka_unit_test(test_keepalives_do_not_keep_in_step),
		cmocka_unit_test(test_whoever_has_something_to_say_is_asked_before_the_crowd),
		cmocka_unit_test(test_an_initiation_without_a_job_keeps_its_turn),
		cmocka_unit_test(test_the_memory_of_those_who_went_is_given_back),
		cmocka_unit_test(test_a_peer_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
