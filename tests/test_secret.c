#include "wgtest.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"

static unsigned int n_warnings;

static void count_warning(enum wg_log_level level, const char *text)
{
	(void)text;
	n_warnings += level == WG_LOG_WARNING;
}

static void test_wiping_zeroes_just_what_it_is_told_to(void **state)
{
	uint8_t bytes[5] = {1, 2, 3, 4, 5};

	(void)state;
	wg_wipe(bytes + 1, 3);
	assert_memory_equal(bytes, ((uint8_t[]){1, 0, 0, 0, 5}), sizeof(bytes));
}

static void test_comparison_sees_every_bit(void **state)
{
	uint8_t a[32] = {0};
	uint8_t b[32] = {0};

	(void)state;
	assert_true(wg_equal(a, b, sizeof(a)));
	assert_true(wg_is_zero(a, sizeof(a)));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		a[bit / 8] = (uint8_t)(1u << bit % 8);
		assert_false(wg_equal(a, b, sizeof(a)));
		assert_false(wg_is_zero(a, sizeof(a)));
		a[bit / 8] = 0;
	}
}

/* A random mix of allocations: each is zero at first, aligned, and keeps what is
 * written to it while others come and go. */
static void test_secrets_are_zeroed_aligned_and_apart(void **state)
{
	static const size_t lens[] = {0,    1,    32,   63,   64,   65,    1100,
				      2048, 4096, 8191, 8192, 8193, 65536, 200000};
	struct {
		uint8_t *bytes;
		size_t len;
		uint8_t mark;
	} live[512] = {0};
	struct wg_test_random random = {3};

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		size_t i = wg_test_below(&random, WG_ARRAY_LEN(live));

		if (live[i].bytes) {
			for (size_t j = 0; j < live[i].len; j++)
				assert_int_equal(live[i].bytes[j], live[i].mark);
			wg_secret_free(live[i].bytes, live[i].len);
			live[i].bytes = NULL;
			continue;
		}
		/* large ones now and then */
		live[i].len = lens[wg_test_below(&random, round % 64 ? 8 : WG_ARRAY_LEN(lens))];
		live[i].mark = (uint8_t)(1 + round % 255);
		live[i].bytes = wg_secret_new(live[i].len);
		assert_non_null(live[i].bytes);
		assert_int_equal((uintptr_t)live[i].bytes % alignof(max_align_t), 0);
		assert_true(live[i].len == 0 || wg_is_zero(live[i].bytes, live[i].len));
		memset(live[i].bytes, live[i].mark, live[i].len);
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(live); i++)
		wg_secret_free(live[i].bytes, live[i].len);
}

static void test_emptied_slabs_go_back_to_the_system(void **state)
{
	static void *secrets[10000];
	size_t before;
	size_t at_most;

	(void)state;
	wg_secret_free(wg_secret_new(1100), 1100);
	before = wg_secret_bytes_held();
	for (size_t i = 0; i < WG_ARRAY_LEN(secrets); i++)
		secrets[i] = wg_secret_new(1100);
	at_most = wg_secret_bytes_held() - before;
	assert_in_range(at_most, WG_ARRAY_LEN(secrets) * 1100 - 65536,
			WG_ARRAY_LEN(secrets) * 1250);
	for (size_t i = 0; i < WG_ARRAY_LEN(secrets); i++)
		wg_secret_free(secrets[i], 1100);
	assert_int_equal(wg_secret_bytes_held(), before);
}

/* What /proc/self/smaps says of the mapping that holds an address. */
static void read_flags(const void *address, char *flags, size_t len)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[512];
	bool inside = false;

	assert_non_null(file);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		unsigned long start;
		unsigned long end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)address >= start && (uintptr_t)address < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, len, "%s", line + 8);
	}
	fclose(file);
}

/* Whether mlock does anything: sanitizers replace it with nothing. */
static bool can_lock(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char flags[512];

	assert_ptr_not_equal(page, MAP_FAILED);
	mlock(page, 4096);
	read_flags(page, flags, sizeof(flags));
	munmap(page, 4096);
	return strstr(flags, " lo") != NULL;
}

static void test_secrets_stay_out_of_swap_and_core_dumps(void **state)
{
	static const size_t lens[] = {32, 1100, 20000};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		void *secret = wg_secret_new(lens[i]);
		char flags[512];

		read_flags(secret, flags, sizeof(flags));
		wg_secret_free(secret, lens[i]);
		if (!flags[0])
			wg_test_skip("needs /proc/PID/smaps");
		assert_non_null(strstr(flags, " dd"));
		if (!can_lock())
			wg_test_skip("memory cannot be locked here");
		assert_non_null(strstr(flags, " lo"));
	}
}

/* In a child, so that the limit and the privileges lost are not the tests'. */
static int refuse_locking(void)
{
	static const struct rlimit none = {0, 0};

	n_warnings = 0;
	if (setrlimit(RLIMIT_MEMLOCK, &none) || (geteuid() == 0 && seteuid(65534)))
		return 77;
	for (size_t i = 0; i < 3; i++) {
		uint8_t *secret = wg_secret_new(20000);

		if (!secret)
			return 1;
		secret[19999] = 1;
		wg_secret_free(secret, 20000);
	}
	return n_warnings == 1 ? 0 : 2;
}

static void test_a_refusal_to_lock_warns_once_and_goes_on(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	if (n_warnings || !can_lock())
		wg_test_skip("memory cannot be locked here");
	pid = fork();
	if (pid == 0)
		_exit(refuse_locking());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		wg_test_skip("limits and privileges are fixed here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_a_forked_child_does_not_have_the_secrets(void **state)
{
	static const size_t lens[] = {32, 100000}; /* in a slab, and alone */

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		uint8_t *secret = wg_secret_new(lens[i]);
		int status;
		int fds[2];
		pid_t pid;

		assert_non_null(secret);
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], secret, 1), 1);
		pid = fork();
		if (pid == 0)
			_exit(write(fds[1], secret, 1) == -1 && errno == EFAULT ? 0 : 1);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		close(fds[0]);
		close(fds[1]);
		wg_secret_free(secret, lens[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wiping_zeroes_just_what_it_is_told_to),
		cmocka_unit_test(test_comparison_sees_every_bit),
		cmocka_unit_test(test_secrets_stay_out_of_swap_and_core_dumps),
		cmocka_unit_test(test_a_refusal_to_lock_warns_once_and_goes_on),
		cmocka_unit_test(test_secrets_are_zeroed_aligned_and_apart),
		cmocka_unit_test(test_a_forked_child_does_not_have_the_secrets),
		cmocka_unit_test(test_emptied_slabs_go_back_to_the_system),
	};

	wg_log_init(count_warning, WG_LOG_WARNING);
	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
