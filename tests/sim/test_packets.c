/* Very many packets both ways between two engines, on a clock that runs ahead: the
 * network loses nothing, and so neither may the engines, however often they renew their
 * sessions on the way. What they hold must be the same at the end as after the start.
 *
 * Usage: test_sim_packets [PACKETS]          (scripts/check-release: 100 000 000) */
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/engine.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "wgtest.h"

#define VECTOR     64u
#define LEN        64u
#define POOL_BYTES ((size_t)16 << 20)
#define N_DEFAULT  200000u
/* Of virtual time for each vector: a session has 3000 of them. */
#define STEP       (40 * WG_MILLISECOND)
/* The second side answers every so many vectors. */
#define ANSWERS    7u
#define MAX_SENT   64u

struct end {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_test_random random;
	struct wg_out out;
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	struct wg_ip inside;
	struct wg_endpoint endpoint;
	struct wg_run sent[MAX_SENT];
	size_t n_sent;
	uint64_t next_out; /* identifiers, which must arrive in this order */
	uint64_t next_in;
};

/* What is held, and must not grow. */
struct holdings {
	size_t pools;
	size_t secrets;
	size_t heap;
	size_t indices;
	size_t deadlines;
};

static struct end ends[2];
static struct wg_now now = {.boot = WG_SECOND, .wall_sec = 1700000000};
static size_t n_handshakes;

static void fail_at(const char *what, int line)
{
	fprintf(stderr, "test_packets.c:%d: %s at %lld s\n", line, what,
		(long long)(now.boot / WG_SECOND));
	abort();
}

#define must(condition) ((condition) ? (void)0 : fail_at(#condition, __LINE__))

static void carry_off(struct wg_out *out)
{
	struct end *end = out->ctx;
	struct wg_packet *packet;

	for (size_t i = 0; i < out->n_runs; i++) {
		must(end->n_sent < MAX_SENT);
		end->sent[end->n_sent++] = out->runs[i];
	}
	out->n_runs = 0;
	while ((packet = wg_batch_pop(&out->tun))) {
		must(packet->len == LEN && wg_load_le64(packet->data + 32) == end->next_in++);
		wg_packet_put(packet);
	}
}

static void run_jobs(struct end *end)
{
	struct wg_job *job;

	carry_off(&end->out);
	while ((job = wg_job_pop(&end->out.jobs))) {
		n_handshakes += job->kind == WG_JOB_COMPLETE;
		wg_job_run(job);
		wg_device_finish(end->device, job, now, &end->out);
		carry_off(&end->out);
	}
}

static bool deliver(struct end *from, struct end *to)
{
	struct wg_run sent[MAX_SENT];
	size_t n = from->n_sent;

	memcpy(sent, from->sent, n * sizeof(sent[0]));
	from->n_sent = 0;
	for (size_t i = 0; i < n; i++) {
		sent[i].path = (struct wg_path){.remote = from->endpoint};
		wg_device_from_udp(to->device, &sent[i], now, &to->out);
	}
	run_jobs(to);
	return n > 0;
}

/* Everything that is due and on its way. */
static void settle(void)
{
	bool busy;

	do {
		busy = false;
		for (int i = 0; i < 2; i++) {
			if (wg_device_due(ends[i].device) <= now.boot) {
				wg_device_tick(ends[i].device, now, &ends[i].out);
				busy = true;
			}
			run_jobs(&ends[i]);
		}
		busy |= deliver(&ends[0], &ends[1]);
		busy |= deliver(&ends[1], &ends[0]);
	} while (busy);
}

static void send_vector(struct end *from, struct end *to)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (unsigned int i = 0; i < VECTOR; i++) {
		struct wg_packet *packet = wg_pool_get(from->pool, LEN + 32);

		must(packet);
		memset(packet->data, 0, LEN);
		packet->data[0] = 0x45;
		packet->data[3] = LEN;
		memcpy(packet->data + 12, from->inside.bytes, 4);
		memcpy(packet->data + 16, to->inside.bytes, 4);
		wg_store_le64(packet->data + 32, from->next_out++);
		packet->len = LEN;
		wg_batch_push(&batch, packet);
	}
	wg_device_from_tun(from->device, &batch, now, &from->out);
	run_jobs(from);
	settle();
	must(to->next_in == from->next_out);
}

static void init_end(struct end *end, uint8_t number)
{
	struct wg_device_options options;

	*end = (struct end){.random = {number}, .pool = wg_pool_new(POOL_BYTES)};
	options = (struct wg_device_options){end->pool, wg_test_source(&end->random)};
	end->device = wg_device_new(&options);
	must(end->pool && end->device);
	end->out.flush = carry_off;
	end->out.ctx = end;
	end->inside = (struct wg_ip){.family = WG_FAMILY_IPV4, .bytes = {10, 0, 0, number}};
	end->endpoint = (struct wg_endpoint){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {192, 0, 2, number}}, .port = 1000};
	wg_test_fill(&end->random, end->private_key, WG_KEY_LEN);
	wg_x25519_clamp(end->private_key);
	wg_x25519_public(end->public_key, end->private_key);
	wg_device_set_mtu(end->device, 1420);
	wg_device_up(end->device, now);
}

static void introduce(struct end *end, const struct end *other)
{
	const struct wg_prefix prefix = {other->inside, 32};
	struct wg_config config;
	struct wg_config_peer *peer;

	wg_config_init(&config);
	config.has_private_key = true;
	assert_int_equal(wg_lockedkey_set(&config.private_key, end->private_key), 0);
	peer = wg_config_add_peer(&config);
	must(peer && !wg_config_add_allowed_ip(peer, &prefix, false));
	memcpy(peer->public_key, other->public_key, WG_KEY_LEN);
	peer->has_endpoint = true;
	peer->endpoint = other->endpoint;
	must(!wg_device_apply(end->device, &config, now, &end->out));
	wg_config_deinit(&config);
}

/* What malloc has given out, where the C library tells. */
static size_t heap_bytes(void)
{
#ifdef __GLIBC__
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}

static struct holdings count(void)
{
	struct holdings held = {.secrets = wg_secret_bytes_held(), .heap = heap_bytes()};

	for (int i = 0; i < 2; i++) {
		must(wg_pool_bytes_used(ends[i].pool) == 0);
		held.pools += wg_pool_bytes_held(ends[i].pool);
		held.indices += ends[i].device->indices.n;
		held.deadlines += wg_heap_due(&ends[i].device->deadlines) != WG_NEVER;
	}
	return held;
}

static void report(const char *when, const struct holdings *held)
{
	printf("%s: pools %zu, secrets %zu, heap %zu bytes; indices %zu, deadlines %zu\n", when,
	       held->pools, held->secrets, held->heap, held->indices, held->deadlines);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t n_vectors = (argc > 1 ? strtoull(argv[1], NULL, 10) : N_DEFAULT) / VECTOR;
	struct holdings before = {0};
	struct holdings after;

	must(n_vectors >= 2 * ANSWERS && wg_crypto_init(getenv("TUFF_AEAD")) == 0);
	for (uint8_t i = 0; i < 2; i++)
		init_end(&ends[i], (uint8_t)(1 + i));
	introduce(&ends[0], &ends[1]);
	introduce(&ends[1], &ends[0]);
	for (uint64_t i = 0; i < n_vectors; i++) {
		int from = i % ANSWERS == 0;

		send_vector(&ends[from], &ends[!from]);
		now.boot += STEP;
		now.wall_sec = 1700000000 + now.boot / WG_SECOND;
		now.wall_nsec = (int32_t)(now.boot % WG_SECOND);
		settle();
		/* After the first renewal of keys at the earliest, each side has had all three. */
		if (n_handshakes == 3 && !before.secrets)
			before = count();
	}
	after = count();
	report("after the third handshake", &before);
	report("at the end", &after);
	printf("%llu packets, %zu handshakes in %lld s\n",
	       (unsigned long long)(ends[0].next_in + ends[1].next_in), n_handshakes,
	       (long long)(now.boot / WG_SECOND));
	must(!before.secrets || (after.pools <= before.pools && after.secrets <= before.secrets &&
				 after.heap <= before.heap && after.indices <= before.indices &&
				 after.deadlines <= before.deadlines));
	for (int i = 0; i < 2; i++) {
		wg_device_free(ends[i].device);
		wg_pool_free(ends[i].pool);
	}
	return 0;
}
