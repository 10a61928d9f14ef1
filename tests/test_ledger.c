#include "wgtest.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pair/ledger.h"

#define N_RECORDS 4u

/* Where ledger.c has them in the memory. */
#define RECORD(slot)     (48 + 232 * (slot))
#define ENTRY(slot, odd) (RECORD(slot) + 4 + 112 * (odd))
#define LEN              16
#define GENERATION(slot) RECORD(slot)

static uint8_t *memory; /* shared with children */
static size_t size;
static struct wg_ledger ledger;

static const struct wg_ledger_bound bound = {
	.wall_sec = 2000000000,
	.timestamp = {0x40, 0, 0, 0, 0x77, 0x35, 0x94, 0, 0, 0, 0, 0},
};

static int set_up(void **state)
{
	(void)state;
	size = wg_ledger_size(N_RECORDS);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	wg_ledger_make(&ledger, memory, N_RECORDS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return munmap(memory, size);
}

/* All that is in it comes from one number. */
static struct wg_ledger_peer peer_of(uint8_t number)
{
	struct wg_ledger_peer peer = {
		.endpoint = {.ip.family = number % 2 ? WG_FAMILY_IPV4 : WG_FAMILY_IPV6,
			     .port = number},
		.rx_bytes = number * UINT64_C(0x0101010101010101),
		.tx_bytes = number * UINT64_C(0x0101010101010101),
		.handshake_sec = number,
		.handshake_nsec = number,
		.session = number % 2,
	};

	memset(peer.public_key, number, WG_KEY_LEN);
	memset(peer.endpoint.ip.bytes, number, wg_family_len(peer.endpoint.ip.family));
	peer.accepted[11] = number;
	return peer;
}

static bool same(const struct wg_ledger_peer *a, const struct wg_ledger_peer *b)
{
	return !memcmp(a->public_key, b->public_key, WG_KEY_LEN) &&
	       wg_endpoint_equal(&a->endpoint, &b->endpoint) && a->rx_bytes == b->rx_bytes &&
	       a->tx_bytes == b->tx_bytes && a->handshake_sec == b->handshake_sec &&
	       a->handshake_nsec == b->handshake_nsec && a->session == b->session &&
	       !memcmp(a->accepted, b->accepted, WG_LEDGER_TIMESTAMP_LEN);
}

static void write_number(struct wg_ledger *to, uint32_t slot, uint8_t number)
{
	struct wg_ledger_peer peer = peer_of(number);

	wg_ledger_write(to, slot, &peer);
}

/* The number of the peer there; 0: nobody. It fails when it is a mixture. */
static uint8_t read_number(const struct wg_ledger *from, uint32_t slot)
{
	struct wg_ledger_peer peer;
	struct wg_ledger_peer wanted;

	if (!wg_ledger_read(from, slot, &bound, &peer))
		return 0;
	wanted = peer_of(peer.public_key[0]);
	assert_true(same(&peer, &wanted));
	return peer.public_key[0];
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (uint8_t number = 1; number < 100; number++) {
		write_number(&ledger, number % N_RECORDS, number);
		assert_int_equal(read_number(&ledger, number % N_RECORDS), number);
	}
}

static void another_view_of_the_memory_reads_the_same(void **state)
{
	struct wg_ledger again;

	(void)state;
	write_number(&ledger, 1, 7);
	assert_int_equal(mprotect(memory, size, PROT_READ), 0);
	assert_int_equal(wg_ledger_open(&again, memory, size), 0);
	assert_int_equal(wg_ledger_len(&again), 2);
	assert_int_equal(read_number(&again, 0), 0);
	assert_int_equal(read_number(&again, 1), 7);
	assert_int_equal(read_number(&again, 2), 0);
	assert_int_equal(read_number(&again, N_RECORDS), 0);
	assert_int_equal(read_number(&again, UINT32_MAX), 0);
}

static void a_forgotten_peer_is_not_there(void **state)
{
	(void)state;
	write_number(&ledger, 0, 7);
	write_number(&ledger, 2, 8);
	wg_ledger_forget(&ledger, 0);
	wg_ledger_forget(&ledger, 3);
	assert_int_equal(wg_ledger_len(&ledger), 3);
	assert_int_equal(read_number(&ledger, 0), 0);
	assert_int_equal(read_number(&ledger, 2), 8);
	wg_ledger_forget_all(&ledger);
	assert_int_equal(read_number(&ledger, 2), 0);
	write_number(&ledger, 0, 9);
	assert_int_equal(read_number(&ledger, 0), 9);
}

static void an_endpoint_may_be_unknown(void **state)
{
	struct wg_ledger_peer peer = peer_of(5);
	struct wg_ledger_peer read;

	(void)state;
	peer.endpoint = (struct wg_endpoint){0};
	wg_ledger_write(&ledger, 0, &peer);
	assert_true(wg_ledger_read(&ledger, 0, &bound, &read));
	assert_true(same(&peer, &read));
}

static void the_greatest_timestamp_sent_is_kept(void **state)
{
	uint8_t timestamp[WG_LEDGER_TIMESTAMP_LEN];
	uint8_t beyond[WG_LEDGER_TIMESTAMP_LEN];

	(void)state;
	assert_false(wg_ledger_read_sent(&ledger, &bound, timestamp));
	wg_ledger_write_sent(&ledger, (const uint8_t[12]){1, 2, 3});
	wg_ledger_write_sent(&ledger, bound.timestamp);
	assert_true(wg_ledger_read_sent(&ledger, &bound, timestamp));
	assert_memory_equal(timestamp, bound.timestamp, sizeof(timestamp));
	memcpy(beyond, bound.timestamp, sizeof(beyond));
	beyond[11]++;
	wg_ledger_write_sent(&ledger, beyond);
	assert_false(wg_ledger_read_sent(&ledger, &bound, timestamp));
}

static void times_beyond_the_bound_are_not_believed(void **state)
{
	struct wg_ledger_peer peer = peer_of(5);
	struct wg_ledger_peer read;

	(void)state;
	peer.handshake_sec = bound.wall_sec;
	memcpy(peer.accepted, bound.timestamp, sizeof(peer.accepted));
	wg_ledger_write(&ledger, 0, &peer);
	assert_true(wg_ledger_read(&ledger, 0, &bound, &read));
	peer.accepted[11]++;
	wg_ledger_write(&ledger, 0, &peer);
	assert_false(wg_ledger_read(&ledger, 0, &bound, &read));
	peer.accepted[11]--;
	peer.handshake_sec++;
	wg_ledger_write(&ledger, 0, &peer);
	assert_false(wg_ledger_read(&ledger, 0, &bound, &read));
}

struct lie {
	size_t at; /* of an entry */
	uint8_t byte;
};

static const struct lie lies[] = {
	{32, 0},   /* the endpoint has no family, but a port */
	{32, 5},   /* an unknown one */
	{32, 4},   /* IPv4, but longer than that */
	{39, 1},   /* nothing but zeros should be there */
	{63, 1},   /* the same */
	{87, 128}, /* a handshake before 1970 */
	{91, 128}, /* nanoseconds below 0 */
	{91, 127}, /* and beyond a second */
	{92, 255}, /* a timestamp of 10^10 years hence */
	{104, 0},  /* nobody's */
	{104, 2},  /* neither */
	{105, 2},  /* neither */
	{111, 1},  /* nothing but zeros should be there */
};

static void a_record_that_is_not_valid_is_not_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lies); i++) {
		for (size_t odd = 0; odd < 2; odd++) {
			write_number(&ledger, 0, 6);
			assert_int_equal(read_number(&ledger, 0), 6);
			memory[ENTRY(0, 0) + lies[i].at] = lies[i].byte;
			memory[ENTRY(0, 1) + lies[i].at] = lies[i].byte;
			assert_int_equal(read_number(&ledger, 0), 0);
		}
	}
}

/* The test's own lies have to be about what it thinks they are about. */
static void the_memory_is_as_this_test_has_it(void **state)
{
	uint32_t number;

	(void)state;
	write_number(&ledger, 3, 9);
	memcpy(&number, memory + LEN, sizeof(number));
	assert_int_equal(number, 4);
	memcpy(&number, memory + GENERATION(3), sizeof(number));
	assert_int_equal(number, 1);
	assert_int_equal(memory[ENTRY(3, 1)], 9);
	assert_int_equal(memory[ENTRY(3, 1) + 32], WG_FAMILY_IPV4);
	assert_int_equal(memory[ENTRY(3, 1) + 104], 1);
}

static void a_made_up_length_stays_within_the_memory(void **state)
{
	uint32_t slot = 0;

	(void)state;
	write_number(&ledger, 0, 9);
	memset(memory + LEN, 0xff, 4);
	memset(memory + 12, 0xff, 4); /* the number of records, too */
	assert_int_equal(wg_ledger_len(&ledger), N_RECORDS);
	while (slot < 10)
		read_number(&ledger, slot++);
	wg_ledger_forget_all(&ledger);
	wg_ledger_forget(&ledger, N_RECORDS);
	assert_int_equal(read_number(&ledger, 0), 0);
}

static void what_is_no_ledger_is_not_opened(void **state)
{
	static const size_t at[] = {0, 7, 8, 11, 12, 15}; /* of magic, version and number */
	struct wg_ledger again;
	void *few = malloc(8); /* a sanitizer sees whether more of it is read */

	(void)state;
	memcpy(few, memory, 8);
	assert_int_equal(wg_ledger_open(&again, few, 8), -EPROTO);
	free(few);
	for (size_t i = 0; i < WG_ARRAY_LEN(at); i++) {
		memory[at[i]] ^= 0x80;
		assert_int_equal(wg_ledger_open(&again, memory, size), -EPROTO);
		memory[at[i]] ^= 0x80;
	}
	assert_int_equal(wg_ledger_open(&again, memory, size), 0);
	assert_int_equal(wg_ledger_open(&again, memory, size - 1), -EPROTO);
	assert_int_equal(wg_ledger_open(&again, memory, 47), -EPROTO);
	assert_int_equal(wg_ledger_open(&again, memory, 0), -EPROTO);
}

/* Whoever comes behind a writer that was stopped here can write, and is read. */
static void check_successor(void)
{
	static _Alignas(16) uint8_t left[4096];
	struct wg_ledger again;

	assert_true(size <= sizeof(left));
	memcpy(left, memory, size);
	assert_int_equal(wg_ledger_open(&again, left, size), 0);
	for (uint8_t number = 30; number < 33; number++) {
		write_number(&again, 1, number);
		assert_int_equal(read_number(&again, 1), number);
	}
}

/* Its writes, one machine instruction at a time. */
static void child(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(77);
	raise(SIGSTOP);
	write_number(&ledger, 1, 12);
	wg_ledger_write_sent(&ledger, (const uint8_t[12]){2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2});
	_exit(0);
}

static void a_stopped_writer_leaves_the_old_or_the_new(void **state)
{
	uint8_t sent[WG_LEDGER_TIMESTAMP_LEN];
	uint8_t before[4096];
	uint8_t number = 11;
	size_t n_images = 0;
	pid_t pid;
	int status;

	(void)state;
	write_number(&ledger, 1, 10);
	write_number(&ledger, 1, number);
	wg_ledger_write_sent(&ledger, (const uint8_t[12]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
	memcpy(before, memory, size);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child();
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (memcmp(before, memory, size) != 0) {
			uint8_t found = read_number(&ledger, 1);

			n_images++;
			assert_true(found == number || found == 12);
			number = found;
			assert_true(wg_ledger_read_sent(&ledger, &bound, sent));
			assert_true(sent[0] == sent[11]);
			check_successor();
			memcpy(before, memory, size);
		}
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		wg_test_skip("no process may be traced here");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(number, 12);
	assert_int_equal(sent[0], 2);
	assert_true(n_images > 112 / 8); /* it was seen half way */
}

static void read_child(void)
{
	struct wg_ledger_peer peer;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(77);
	raise(SIGSTOP);
	_exit(wg_ledger_read(&ledger, 1, &bound, &peer));
}

/* The generation is another one after each of the reader's machine instructions. */
static void a_reader_gives_up_on_what_never_stands_still(void **state)
{
	size_t n_steps = 0;
	pid_t pid;
	int status;

	(void)state;
	write_number(&ledger, 1, 10);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		read_child();
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		memory[GENERATION(1)] += 2;
		assert_true(n_steps++ < 1000000);
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		wg_test_skip("no process may be traced here");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read_number(&ledger, 1), 10);
}

static void *write_on(void *stop)
{
	for (uint8_t number = 1; !__atomic_load_n((bool *)stop, __ATOMIC_RELAXED);
	     number = (uint8_t)(number % 99 + 1))
		write_number(&ledger, 2, number);
	return NULL;
}

/* read_number fails when it sees one. */
static void no_mixture_is_read_beside_a_writer(void **state)
{
	bool stop = false;
	pthread_t writer;

	(void)state;
	write_number(&ledger, 2, 1);
	assert_int_equal(pthread_create(&writer, NULL, write_on, &stop), 0);
	for (int i = 0; i < 20000; i++)
		read_number(&ledger, 2);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_true(read_number(&ledger, 2) != 0);
}

static void random_bytes_are_nobody(void **state)
{
	struct wg_test_random random = {1};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		wg_test_fill(&random, memory + LEN, size - LEN);
		for (uint32_t slot = 0; slot < N_RECORDS; slot++) {
			struct wg_ledger_peer peer;

			assert_false(wg_ledger_read(&ledger, slot, &bound, &peer));
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(another_view_of_the_memory_reads_the_same),
		TEST(a_forgotten_peer_is_not_there),
		TEST(an_endpoint_may_be_unknown),
		TEST(the_greatest_timestamp_sent_is_kept),
		TEST(times_beyond_the_bound_are_not_believed),
		TEST(a_record_that_is_not_valid_is_not_there),
		TEST(the_memory_is_as_this_test_has_it),
		TEST(a_made_up_length_stays_within_the_memory),
		TEST(what_is_no_ledger_is_not_opened),
		TEST(a_stopped_writer_leaves_the_old_or_the_new),
		TEST(a_reader_gives_up_on_what_never_stands_still),
		TEST(no_mixture_is_read_beside_a_writer),
		TEST(random_bytes_are_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
