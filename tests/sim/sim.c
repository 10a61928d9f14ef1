#include "sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sim/drive.h"
#include "sim/ip.h"
#include "sim/puppet.h"

#define POOL_BYTES (64u << 20)
#define WALL_START INT64_C(1700000000)
/* More than this many turns at one moment is no progress. */
#define MAX_TURNS  100000u

static void hash_line(struct wg_sim *sim, const char *line)
{
	for (; *line; line++)
		sim->trace_hash = (sim->trace_hash ^ (uint8_t)*line) * 0x100000001b3u;
}

static struct wg_ip address4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = {a, b, c, d};

	return wg_ip_from_bytes(WG_FAMILY_IPV4, bytes);
}

static struct wg_ip address6(uint8_t first, uint8_t last)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, first};

	bytes[15] = last;
	return wg_ip_from_bytes(WG_FAMILY_IPV6, bytes);
}

/* The node's source of randomness. */
static void fill(void *ctx, void *dst, size_t len)
{
	struct wg_sim_node *node = ctx;

	wg_test_fill(&node->random, dst, len);
	if (node->knows_few_numbers && len == sizeof(uint32_t))
		wg_store_le32(dst, wg_load_le32(dst) & 15);
}

/* The next moment at which anything happens. */
static wg_time next_event(const struct wg_sim *sim)
{
	wg_time next = wg_sim_net_due(&sim->net);

	for (unsigned int i = 0; i < sim->n_nodes; i++) {
		wg_time due = wg_drive_due(&sim->nodes[i]);

		next = due < next ? due : next;
	}
	return next;
}

/* One thing that is due. */
static void turn(struct wg_sim *sim)
{
	if (wg_sim_net_due(&sim->net) <= sim->now) {
		wg_drive_arrive(sim, wg_sim_net_take(&sim->net));
		return;
	}
	for (unsigned int i = 0; i < sim->n_nodes; i++) {
		if (wg_drive_due(&sim->nodes[i]) <= sim->now) {
			wg_drive_act(&sim->nodes[i]);
			return;
		}
	}
}

static void node_deinit(struct wg_sim_node *node)
{
	wg_drive_drain(node);
	wg_device_free(node->device);
	wg_pool_free(node->pool);
	for (size_t i = 0; i < node->n_got; i++)
		free(node->got[i]);
	free(node->got);
	free(node->pending);
}

struct wg_sim *wg_sim_new(uint64_t seed)
{
	struct wg_sim *sim = calloc(1, sizeof(*sim));

	if (!sim || wg_crypto_init(NULL) != 0)
		abort();
	sim->random.state = seed;
	sim->trace_hash = 0xcbf29ce484222325u;
	sim->trace_loud = getenv("WG_SIM_TRACE") != NULL;
	sim->now = 1000 * WG_SECOND;
	sim->skew = 77 * WG_SECOND;
	wg_sim_net_init(&sim->net, wg_test_next(&sim->random));
	return sim;
}

void wg_sim_free(struct wg_sim *sim)
{
	for (unsigned int i = 0; i < sim->n_nodes; i++)
		node_deinit(&sim->nodes[i]);
	for (size_t i = 0; i < sim->n_sent; i++)
		free(sim->sent[i]);
	free(sim->sent);
	wg_puppet_free_all(sim);
	wg_sim_net_deinit(&sim->net);
	free(sim);
}

struct wg_sim_node *wg_sim_add(struct wg_sim *sim)
{
	struct wg_sim_node *node = &sim->nodes[sim->n_nodes];
	uint8_t number = (uint8_t)(sim->n_nodes + 1);
	struct wg_device_options options;
	uint8_t private_key[WG_KEY_LEN];

	if (sim->n_nodes == WG_SIM_NODES)
		wg_sim_fail(sim, "too many engines");
	node->sim = sim;
	node->number = sim->n_nodes++;
	node->random.state = wg_test_next(&sim->random);
	node->pool = wg_pool_new(POOL_BYTES);
	options = (struct wg_device_options){node->pool, {fill, node}};
	node->device = wg_device_new(&options);
	if (!node->pool || !node->device)
		abort();
	node->out.flush = wg_drive_flush;
	node->out.ctx = node;
	node->port = WG_SIM_PORT;
	node->addresses[node->n_addresses++] = address4(192, 0, 2, number);
	node->addresses[node->n_addresses++] = address6(0, number);
	node->inner4 = address4(10, 0, 0, number);
	node->inner6 = address6(0xff, number);
	node->nat.outside = (struct wg_endpoint){address4(198, 51, 100, number), 40000, 0};
	node->nat.timeout = 30 * WG_SECOND;
	node->boot_offset = number * sim->skew;
	wg_device_set_mtu(node->device, WG_SIM_MTU);
	wg_device_set_socket(node->device, node->port, 0);
	wg_test_fill(&node->random, private_key, sizeof(private_key));
	wg_sim_set_key(node, private_key);
	wg_sim_up(node);
	return node;
}

struct wg_sim *wg_sim_pair(uint64_t seed)
{
	struct wg_sim *sim = wg_sim_new(seed);
	struct wg_sim_node *a = wg_sim_add(sim);
	struct wg_sim_node *b = wg_sim_add(sim);
	struct wg_endpoint at_a = wg_sim_endpoint(a, WG_FAMILY_IPV4);
	struct wg_endpoint at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);

	wg_sim_know(a, b, &at_b);
	wg_sim_know(b, a, &at_a);
	return sim;
}

void wg_sim_run(struct wg_sim *sim, wg_time duration)
{
	wg_time end = sim->now + duration;
	unsigned int turns = 0;
	wg_time next;

	while ((next = next_event(sim)) <= end) {
		if (next > sim->now) {
			sim->now = next;
			turns = 0;
		}
		turn(sim);
		if (++turns > MAX_TURNS)
			wg_sim_fail(sim, "no progress: an engine is due again and again");
	}
	sim->now = end;
}

struct wg_now wg_sim_now(const struct wg_sim_node *node)
{
	wg_time boot = node->sim->now + node->boot_offset;
	wg_time wall = WALL_START * WG_SECOND + boot + node->wall_offset;

	return (struct wg_now){.boot = boot,
			       .wall_sec = wall / WG_SECOND,
			       .wall_nsec = (int32_t)(wall % WG_SECOND)};
}

struct wg_endpoint wg_sim_endpoint(const struct wg_sim_node *node, enum wg_family family)
{
	struct wg_endpoint endpoint = {.port = node->port};

	for (size_t i = 0; i < node->n_addresses; i++) {
		if (node->addresses[i].family != family)
			continue;
		endpoint.ip = node->addresses[i];
		return endpoint;
	}
	return endpoint;
}

size_t wg_sim_got(const struct wg_sim_node *node, uint64_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n_got; i++)
		n += wg_sim_ip_id(node->got[i]->bytes, node->got[i]->len) == id;
	return n;
}

const struct wg_sim_delivery *wg_sim_find(const struct wg_sim_node *node, uint64_t id)
{
	for (size_t i = node->n_got; i-- > 0;)
		if (wg_sim_ip_id(node->got[i]->bytes, node->got[i]->len) == id)
			return node->got[i];
	return NULL;
}

void wg_sim_assert_works(struct wg_sim_node *a, struct wg_sim_node *b)
{
	uint64_t there = wg_sim_send(a, b);
	uint64_t back;

	wg_sim_run(a->sim, WG_SECOND);
	back = wg_sim_send(b, a);
	wg_sim_run(a->sim, WG_SECOND);
	assert_int_equal(wg_sim_got(b, there), 1);
	assert_int_equal(wg_sim_got(a, back), 1);
}

size_t wg_sim_mark(const struct wg_sim *sim)
{
	return sim->n_sent;
}

const struct wg_sim_datagram *wg_sim_nth(const struct wg_sim_node *node, enum wg_message kind,
					 size_t mark, size_t i)
{
	const struct wg_sim *sim = node->sim;

	for (; mark < sim->n_sent; mark++) {
		const struct wg_sim_datagram *datagram = sim->sent[mark];

		if (datagram->from != (int)node->number || datagram->kind != kind)
			continue;
		if (i-- == 0)
			return datagram;
	}
	return NULL;
}

size_t wg_sim_count(const struct wg_sim_node *node, enum wg_message kind, size_t mark)
{
	size_t n = 0;

	while (wg_sim_nth(node, kind, mark, n))
		n++;
	return n;
}

const struct wg_sim_datagram *wg_sim_last(const struct wg_sim_node *node, enum wg_message kind)
{
	size_t n = wg_sim_count(node, kind, 0);

	return n ? wg_sim_nth(node, kind, 0, n - 1) : NULL;
}

uint64_t wg_sim_drops(const struct wg_sim_node *node, enum wg_drop reason)
{
	return wg_device_drops(node->device, reason);
}

void wg_sim_trace(struct wg_sim *sim, const char *format, ...)
{
	char *line = sim->trace_tail[sim->n_trace % WG_ARRAY_LEN(sim->trace_tail)];
	size_t size = sizeof(sim->trace_tail[0]);
	int used = snprintf(line, size, "%lld.%09lld ", (long long)(sim->now / WG_SECOND),
			    (long long)(sim->now % WG_SECOND));
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, size - (size_t)used, format, args);
	va_end(args);
	hash_line(sim, line);
	sim->n_trace++;
	if (sim->trace_loud)
		fprintf(stderr, "%s\n", line);
}

void wg_sim_fail(const struct wg_sim *sim, const char *format, ...)
{
	size_t lines = WG_ARRAY_LEN(sim->trace_tail);
	size_t start = sim->n_trace > lines ? sim->n_trace - lines : 0;
	va_list args;

	for (size_t i = start; i < sim->n_trace; i++)
		fprintf(stderr, "%s\n", sim->trace_tail[i % lines]);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}
