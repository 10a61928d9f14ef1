/* What a datagram costs to send and to receive over the loopback of a network namespace
 * of its own: one per call, in vectors, and grouped (GSO, GRO). One JSON object a line:
 *
 *   {"bench":"udp","mode":"gso","len":1400,"send_ns":…,"receive_ns":…,"datagrams":…}
 *
 * Sending includes what the kernel does at once for the receiver. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/run.h"
#include "udp/udp.h"

#define ROUNDS    200
#define PER_ROUND 1024 /* what a socket's buffer holds */

struct mode {
	const char *name;
	unsigned int per_call;
	bool gso;
	bool gro;
};

struct cost {
	int64_t send_ns;
	int64_t receive_ns;
	uint64_t n;
};

/* The processor's time, so that other programs on the machine do not count. */
static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static bool enter_namespace(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;
	bool ok;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
	close(fd);
	return ok;
}

static void fill(struct wg_run *run, struct wg_pool *pool, const struct wg_endpoint *to,
		 unsigned int n, uint32_t len)
{
	*run = (struct wg_run){.path.remote = *to};
	for (unsigned int k = 0; k < n; k++) {
		struct wg_packet *packet = wg_pool_get(pool, len);

		packet->len = len;
		wg_batch_push(&run->batch, packet);
	}
}

static void send_round(struct wg_udp *udp, struct wg_pool *pool, const struct wg_endpoint *to,
		       const struct mode *mode, uint32_t len, struct cost *cost)
{
	static struct wg_run runs[PER_ROUND];
	size_t n = PER_ROUND / mode->per_call;
	int64_t start;

	for (size_t i = 0; i < n; i++)
		fill(&runs[i], pool, to, mode->per_call, len);
	start = now();
	for (size_t i = 0; i < n; i++)
		wg_udp_send(udp, &runs[i], 1);
	cost->send_ns += now() - start;
}

static void receive_round(struct wg_udp *udp, struct wg_pool *pool, const struct mode *mode,
			  struct cost *cost)
{
	struct wg_run runs[WG_UDP_RUNS];
	int64_t start = now();
	int n;

	while ((n = wg_udp_receive(udp, 0, pool, runs, mode->per_call == 1 ? 1 : WG_UDP_RUNS)) > 0)
		for (int i = 0; i < n; i++) {
			cost->n += runs[i].batch.n;
			wg_batch_drop(&runs[i].batch);
		}
	cost->receive_ns += now() - start;
}

static int measure(const struct mode *mode, uint32_t len)
{
	struct wg_udp_options options = {
		.unwanted = {[WG_UDP_GSO] = !mode->gso, [WG_UDP_GRO] = !mode->gro}};
	struct wg_pool *pool = wg_pool_new(64u << 20);
	struct cost cost = {0};
	struct wg_endpoint to = {0};
	struct wg_udp *a;
	struct wg_udp *b;

	if (!pool || wg_udp_open(&a, &options) < 0 || wg_udp_open(&b, &options) < 0)
		return 1;
	wg_ip_parse(&to.ip, "127.0.0.1");
	to.port = wg_udp_port(b);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		send_round(a, pool, &to, mode, len, &cost);
		receive_round(b, pool, mode, &cost);
	}
	printf("{\"bench\":\"udp\",\"mode\":\"%s\",\"len\":%u,\"send_ns\":%.1f,"
	       "\"receive_ns\":%.1f,\"datagrams\":%llu}\n",
	       mode->name, len, (double)cost.send_ns / (ROUNDS * PER_ROUND),
	       (double)cost.receive_ns / (double)cost.n, (unsigned long long)cost.n);
	wg_udp_close(a);
	wg_udp_close(b);
	wg_pool_free(pool);
	return 0;
}

int main(void)
{
	static const struct mode modes[] = {
		{"single", 1, false, false},    {"mmsg", 64, false, false},
		{"mmsg, gro", 64, false, true}, {"gso", 64, true, false},
		{"gso+gro", 64, true, true},
	};
	static const uint32_t lens[] = {96, 512, 1400};
	int err = 0;

	if (!enter_namespace()) {
		fprintf(stderr, "bench_udp: no network namespace: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(modes); i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(lens); k++)
			err |= measure(&modes[i], lens[k]);
	return err;
}
