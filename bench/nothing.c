/*   here (left)                                       other (right)
 *   veth 192.0.2.1 ─────────────────────────────────── veth 192.0.2.2
 *   null0 10.0.0.1 ── forwarder ═══ UDP ═══ forwarder ── null0 10.0.0.2
 *   iperf3 -c                                           iperf3 -s
 *
 * Each side is a process in a network namespace of its own, and each forwarder a child of
 * it. All of them die with the first one. */
#include "nothing.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tun/tun.h"
#include "udp/udp.h"

#define SKIPPED 77
#define PORT    1000
#define VECTOR  64
/* What a transport message has besides its packet. */
#define HEADER  16u
#define TAG     16u
#define PINGS   2000

struct forwarder {
	struct wg_tun *tun;
	struct wg_udp *udp;
	struct wg_pool *pool;
	struct wg_endpoint peer;
};

/* What the processes share. */
struct shared {
	atomic_ullong carried; /* bytes that came out on the right */
	atomic_int ready;      /* forwarders */
};

static struct shared *shared;

static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool out_of_link(struct forwarder *f)
{
	struct wg_run run = {.path.remote = f->peer};
	struct wg_packet *packet;

	if (wg_tun_read(f->tun, f->pool, &run.batch, VECTOR) < 0)
		return false;
	wg_batch_for_each (packet, &run.batch) {
		packet->data -= HEADER;
		packet->room += HEADER;
		packet->len += HEADER + TAG;
	}
	if (run.batch.n)
		wg_udp_send(f->udp, &run, 1);
	return true;
}

static bool into_link(struct forwarder *f, uint64_t *bytes)
{
	struct wg_run runs[WG_UDP_RUNS];
	struct wg_batch batch;
	struct wg_packet *packet;
	int n = wg_udp_receive(f->udp, 0, f->pool, runs, WG_UDP_RUNS);

	wg_batch_init(&batch);
	for (int i = 0; i < n; i++) {
		wg_batch_for_each (packet, &runs[i].batch) {
			packet->data += HEADER;
			packet->room -= HEADER;
			packet->len -= HEADER + TAG;
			*bytes += packet->len;
		}
		wg_batch_append(&batch, &runs[i].batch);
	}
	return n >= 0 && !wg_tun_write(f->tun, &batch);
}

static int forward(struct forwarder *f, bool counts)
{
	struct pollfd fds[] = {{.fd = wg_tun_fd(f->tun), .events = POLLIN},
			       {.fd = wg_udp_fd(f->udp, 0), .events = POLLIN}};

	atomic_fetch_add(&shared->ready, 1);
	for (;;) {
		uint64_t bytes = 0;

		if (poll(fds, WG_ARRAY_LEN(fds), -1) < 0)
			return 1;
		if (fds[0].revents && !out_of_link(f))
			return 1;
		if (fds[1].revents && !into_link(f, &bytes))
			return 1;
		if (counts)
			atomic_fetch_add(&shared->carried, bytes);
	}
}

/* Opens what one side needs. The link must be there before it gets its address. */
static bool set_up(struct forwarder *f, const char *peer)
{
	const struct wg_udp_options options = {.port = PORT};

	f->peer.port = PORT;
	f->pool = wg_pool_new((size_t)16 << 20);
	return f->pool && wg_ip_parse(&f->peer.ip, peer) && !wg_udp_open(&f->udp, &options) &&
	       !wg_tun_open(&f->tun, "null0");
}

static pid_t start_forwarder(const char *peer, bool counts)
{
	pid_t pid = fork();
	struct forwarder f = {0};

	if (pid)
		return pid;
	die_with_parent();
	_exit(set_up(&f, peer) ? forward(&f, counts) : 1);
}

static void rest(double seconds)
{
	struct timespec ts = {.tv_sec = (time_t)seconds,
			      .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&ts, NULL);
}

static bool are_ready(int n)
{
	for (int tries = 0; tries < 500 && shared->ready < n; tries++)
		rest(0.01);
	return shared->ready >= n;
}

static pid_t start_program(const char *const argv[])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	die_with_parent();
	if (freopen("/dev/null", "w", stdout))
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool run(const char *command)
{
	return system(command) == 0;
}

/* The other side: its forwarder, and who receives. Ends when it is killed. */
static int be_right(int left_ready)
{
	static const char *const server[] = {"iperf3", "-s", "-1", NULL};

	die_with_parent();
	if (unshare(CLONE_NEWNET) || write(left_ready, "", 1) != 1)
		return 1;
	start_forwarder("192.0.2.1", true);
	if (!are_ready(1) ||
	    !run("until ip link show veth0 >/dev/null 2>&1; do sleep 0.02; done;"
		 "ip addr add 192.0.2.2/24 dev veth0 && ip link set veth0 up &&"
		 "ip addr add 10.0.0.2/24 dev null0 && ip link set null0 mtu 1420 up"))
		return 1;
	start_program(server);
	pause();
	return 0;
}

static bool be_left(pid_t right, pid_t *forwarder)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "ip link add veth0 type veth peer name veth0 netns %d &&"
		 "ip addr add 192.0.2.1/24 dev veth0 && ip link set veth0 up",
		 (int)right);
	if (!run(command) || !are_ready(1))
		return false;
	*forwarder = start_forwarder("192.0.2.2", false);
	return are_ready(2) &&
	       run("ip addr add 10.0.0.1/24 dev null0 &&"
		   "ip link set null0 mtu 1420 up &&"
		   "for i in $(seq 50); do"
		   " ping -q -c 1 -W 1 10.0.0.2 >/dev/null && exit 0; done; exit 1");
}

/* Seconds of a processor that a forwarder has had. */
static double spent(pid_t pid)
{
	char path[64];
	unsigned long user = 0;
	unsigned long system_time = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	/* proc(5): fields 14 and 15. */
	if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system_time) != 2)
		user = system_time = 0;
	fclose(file);
	return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}

/* The only child of the right side that forwards is its first. */
static pid_t first_child(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%d", &child) != 1)
		child = 0;
	fclose(file);
	return child;
}

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one;
	double b = *(const double *)other;

	return (a > b) - (a < b);
}

/* As bench/throughput does it: how long lone packets take, there and back. */
static void measure_pings(void)
{
	double times[PINGS];
	char line[256];
	size_t n = 0;
	FILE *pings;

	snprintf(line, sizeof(line), "ping -n -i 0.002 -c %d 10.0.0.2", PINGS);
	pings = popen(line, "r");
	while (pings && n < PINGS && fgets(line, sizeof(line), pings)) {
		const char *time = strstr(line, "time=");

		if (time && sscanf(time, "time=%lf", &times[n]) == 1)
			n++;
	}
	if (pings)
		pclose(pings);
	if (!n)
		return;
	qsort(times, n, sizeof(*times), compare);
	printf("{\"bench\":\"null\",\"pings\":%zu,\"median_us\":%.0f,\"p99_us\":%.0f}\n", n,
	       times[n / 2] * 1000, times[n * 99 / 100] * 1000);
	fflush(stdout); /* before another process has the same text to write */
}

static void measure(pid_t left, pid_t right, int seconds)
{
	char duration[16];
	const char *const client[] = {"iperf3", "-c", "10.0.0.2", "-C",
				      "cubic",  "-t", duration,   NULL};
	unsigned long long bytes;
	double cpu;
	double gbit;

	snprintf(duration, sizeof(duration), "%d", seconds + 2);
	start_program(client);
	rest(1); /* until the stream is fast */
	bytes = shared->carried;
	cpu = spent(left) + spent(right);
	rest(seconds);
	gbit = (double)(shared->carried - bytes) * 8 / 1e9;
	cpu = spent(left) + spent(right) - cpu;
	printf("{\"bench\":\"null\",\"seconds\":%d,\"gbit_s\":%.2f,\"cpu_s_gbit\":%.4f}\n", seconds,
	       gbit / seconds, gbit > 0 ? cpu / gbit : 0);
}

int wg_nothing_measure(int seconds)
{
	pid_t forwarder = 0;
	pid_t right;
	int ready[2];
	char byte;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || pipe(ready) || unshare(CLONE_NEWNET) ||
	    !run("command -v ip iperf3 ping >/dev/null")) {
		printf("skip: needs root, ip, iperf3 and ping: %s\n", strerror(errno));
		return SKIPPED;
	}
	right = fork();
	if (!right)
		_exit(be_right(ready[1]));
	if (right < 0 || read(ready[0], &byte, 1) != 1 || !be_left(right, &forwarder)) {
		fprintf(stderr, "bench_stages: the forwarders do not meet\n");
		return 1;
	}
	measure_pings();
	measure(forwarder, first_child(right), seconds);
	return 0;
}
